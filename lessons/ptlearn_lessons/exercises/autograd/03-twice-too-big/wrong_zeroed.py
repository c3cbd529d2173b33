# fails: one_tensor
import torch


def gradients(functions, x):
    found = []
    for function in functions:
        if x.grad is not None:
            x.grad.zero_()
        function(x).backward()
        found.append(x.grad)
    return found
