# fails: once
import torch


def jacobian(f, x):
    x = x.detach().requires_grad_()
    rows = []
    for i in range(len(f(x))):
        x.grad = None
        f(x)[i].backward()
        rows.append(x.grad)
    return torch.stack(rows)
