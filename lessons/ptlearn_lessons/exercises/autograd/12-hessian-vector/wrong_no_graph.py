# fails: recorded
import torch


def hvp(f, x, v):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(f(x), x)
    (product,) = torch.autograd.grad(slope @ v, x)
    return product
