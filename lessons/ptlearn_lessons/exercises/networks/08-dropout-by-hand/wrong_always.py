# fails: in_eval
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.rand_like(x) >= p) / (1 - p)
