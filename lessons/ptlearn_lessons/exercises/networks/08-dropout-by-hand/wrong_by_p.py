# fails: other_share
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    return x * (torch.rand_like(x) >= p) / p
