# fails: places
import torch


def moving_mean(x, size):
    return x.unfold(0, size, 1).mean(0)
