import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        loss = f(x)
        loss.backward()
        x = x - lr * x.grad
    return x
