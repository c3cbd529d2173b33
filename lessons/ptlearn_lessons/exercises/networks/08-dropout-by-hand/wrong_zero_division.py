# fails: all_dropped
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    scale = 1 / (1 - p)
    return x * (torch.rand_like(x) >= p) * scale
