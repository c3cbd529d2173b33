# fails: same_tensor
import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        f(x).backward()
        x = (x - lr * x.grad).detach().requires_grad_()
    return x
