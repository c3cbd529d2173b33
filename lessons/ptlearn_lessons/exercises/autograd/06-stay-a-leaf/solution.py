import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        x.grad = None
        loss = f(x)
        loss.backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x
