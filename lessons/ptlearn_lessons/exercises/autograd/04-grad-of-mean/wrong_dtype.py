# fails: dtype
import torch


def grad_of_mean(x):
    return torch.full(x.shape, 9 / x.numel())
