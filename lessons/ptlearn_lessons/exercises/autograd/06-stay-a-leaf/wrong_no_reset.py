# fails: several
import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x
