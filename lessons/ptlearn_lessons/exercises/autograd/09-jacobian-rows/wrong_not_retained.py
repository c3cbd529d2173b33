# fails: retain
import torch


def jacobian(f, x):
    x = x.detach().requires_grad_()
    y = f(x)
    rows = []
    for v in torch.eye(len(y)):
        x.grad = None
        y.backward(v)
        rows.append(x.grad)
    return torch.stack(rows)
