# fails: added_up
import torch


def jacobian(f, x):
    x = x.detach().requires_grad_()
    y = f(x)
    rows = []
    for v in torch.eye(len(y)):
        y.backward(v, retain_graph=True)
        rows.append(x.grad.clone())
    return torch.stack(rows)
