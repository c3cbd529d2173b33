# fails: second
import torch


def gradients(functions, x):
    found = []
    for function in functions:
        function(x).backward()
        found.append(x.grad / len(functions))
    return found
