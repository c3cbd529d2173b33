# fails: unchanged
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    x[torch.rand_like(x) < p] = 0
    return x / (1 - p)
