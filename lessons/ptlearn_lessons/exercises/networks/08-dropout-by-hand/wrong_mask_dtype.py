# fails: dtype
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    keep = (torch.rand(x.shape) >= p).float()
    return x * keep / (1 - p)
