# fails: watched
import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        x.requires_grad_()
        f(x).backward()
        with torch.no_grad():
            x = x - lr * x.grad
    return x
