# fails: one
import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        f(x).backward()
        x.grad.zero_()
        with torch.no_grad():
            x -= lr * x.grad
    return x
