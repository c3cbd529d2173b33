# fails: by_hand
import torch


def vjp(v, x):
    x = x.detach().requires_grad_()
    (x**2).backward(v)
    return x.grad
