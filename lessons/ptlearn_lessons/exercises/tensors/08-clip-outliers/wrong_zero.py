# fails: emptied
import torch


def clipped(x, k):
    mean = x.mean((0, 2, 3), keepdim=True)
    std = x.std((0, 2, 3), keepdim=True)
    y = x.clone()
    y[(x - mean).abs() > k * std] = 0
    return y
