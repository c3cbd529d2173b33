# fails: slow
import torch


def hvp(f, x, v):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(f(x), x, create_graph=True)
    product = torch.zeros_like(x)
    for i in range(len(x)):
        (row,) = torch.autograd.grad(slope[i], x, retain_graph=True)
        product[i] = row @ v
    return product
