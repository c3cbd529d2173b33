# fails: sums
import torch


def moving_mean(x, size):
    return x.unfold(0, size, 1).sum(1)
