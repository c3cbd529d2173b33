# fails: table
import torch


def hvp(f, x, v):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(f(x), x, create_graph=True)
    rows = [torch.autograd.grad(each, x, retain_graph=True)[0] for each in slope]
    return torch.stack(rows) @ v
