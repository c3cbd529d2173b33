# fails: first_lost
import torch


def moving_mean(x, size):
    sums = x.cumsum(0)
    return (sums[size:] - sums[:-size]) / size
