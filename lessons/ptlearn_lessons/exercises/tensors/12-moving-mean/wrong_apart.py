# fails: apart
import torch


def moving_mean(x, size):
    return x.unfold(0, size, size).mean(1)
