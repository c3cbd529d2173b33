# fails: exact
import torch


def dropout(x, p, training):
    if not training:
        return x
    keep = torch.ones(x.numel(), dtype=x.dtype)
    keep[torch.randperm(x.numel())[:round(p * x.numel())]] = 0
    return x * keep.view(x.shape) / (1 - p)
