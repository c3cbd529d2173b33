# fails: recorded
import torch


def hvp(f, x, v):
    x = x.detach().requires_grad_()
    f(x).backward(retain_graph=True)
    (product,) = torch.autograd.grad(x.grad @ v, x)
    return product
