# fails: exact
import torch


def hvp(f, x, v):
    slope = torch.func.grad(f)
    h = 0.01
    return (slope(x + h * v) - slope(x)) / h
