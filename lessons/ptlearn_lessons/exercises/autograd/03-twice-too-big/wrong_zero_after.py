# fails: emptied
import torch


def gradients(functions, x):
    found = []
    for function in functions:
        function(x).backward()
        found.append(x.grad)
        x.grad.zero_()
    return found
