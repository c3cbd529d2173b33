# fails: each
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    if torch.rand(1) < p:
        return torch.zeros_like(x)
    return x / (1 - p)
