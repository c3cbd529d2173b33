import torch


def dropout(x, p, training):
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    keep = torch.rand_like(x) >= p
    return x * keep / (1 - p)
