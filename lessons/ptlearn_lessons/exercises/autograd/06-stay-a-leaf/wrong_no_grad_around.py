# fails: nothing_recorded
import torch


@torch.no_grad()
def descend(f, x, lr, steps):
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        x -= lr * x.grad
    return x
