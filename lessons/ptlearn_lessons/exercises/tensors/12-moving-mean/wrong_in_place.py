# fails: unchanged
import torch


def moving_mean(x, size):
    x /= size
    return x.unfold(0, size, 1).sum(1)
