# fails: dtype
import torch


def jacobian(f, x):
    x = x.detach().requires_grad_()
    y = f(x)
    J = torch.zeros(len(y), len(x))
    for i in range(len(y)):
        x.grad = None
        y[i].backward(retain_graph=True)
        J[i] = x.grad
    return J
