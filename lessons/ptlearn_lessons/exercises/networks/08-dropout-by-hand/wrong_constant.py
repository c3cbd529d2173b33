# fails: gradient
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return (x * (torch.rand_like(x) >= p) / (1 - p)).detach()
