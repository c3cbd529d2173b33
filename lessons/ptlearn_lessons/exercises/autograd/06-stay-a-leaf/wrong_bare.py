# fails: recorded_write
import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        x.grad = None
        f(x).backward()
        x -= lr * x.grad
    return x
