import torch


def grad_of_mean(x):
    return torch.full_like(x, 9 / x.numel())
