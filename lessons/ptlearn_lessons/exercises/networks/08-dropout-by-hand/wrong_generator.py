# fails: anew
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    generator = torch.Generator().manual_seed(0)
    keep = torch.rand(x.shape, generator=generator) >= p
    return x * keep / (1 - p)
