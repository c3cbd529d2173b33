import torch


def hvp(f, x, v):
    return torch.func.hessian(f)(x) @ v
