# fails: squares
import torch


def jacobian(f, x):
    x = x.detach().requires_grad_()
    f(x).backward(torch.ones_like(x))
    return x.grad
