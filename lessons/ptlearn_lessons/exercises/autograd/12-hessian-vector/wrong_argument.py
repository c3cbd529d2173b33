# fails: unchanged
import torch


def hvp(f, x, v):
    x.requires_grad_()
    (slope,) = torch.autograd.grad(f(x), x, create_graph=True)
    (product,) = torch.autograd.grad(slope @ v, x)
    return product
