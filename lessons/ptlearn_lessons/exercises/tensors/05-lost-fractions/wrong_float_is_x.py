# fails: unchanged
import torch


def rescaled(x):
    x = x.float()
    x -= x.min()
    x /= x.max()
    return x
