# fails: each
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    keep = torch.rand(x.shape[-1]) >= p
    return x * keep / (1 - p)
