# fails: kept_share
import torch
import torch.nn.functional as F


def dropout(x, p, training):
    if not training:
        return x
    keep = torch.rand_like(x) >= p
    return x * keep / keep.float().mean()
