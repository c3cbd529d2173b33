# fails: others
import torch


def hvp(f, x, v):
    x = x.detach().requires_grad_()
    f(x).backward(create_graph=True)
    slope, x.grad = x.grad, None
    (slope @ v).backward()
    return x.grad
