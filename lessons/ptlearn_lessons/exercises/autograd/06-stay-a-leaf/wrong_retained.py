# fails: leaf
import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        x.retain_grad()
        f(x).backward()
        x = x - lr * x.grad
    return x
