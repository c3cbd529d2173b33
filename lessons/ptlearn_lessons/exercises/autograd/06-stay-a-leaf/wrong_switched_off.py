# fails: grad_mode
import torch


def descend(f, x, lr, steps):
    for _ in range(steps):
        torch.set_grad_enabled(True)
        x.grad = None
        f(x).backward()
        torch.set_grad_enabled(False)
        x -= lr * x.grad
    return x
