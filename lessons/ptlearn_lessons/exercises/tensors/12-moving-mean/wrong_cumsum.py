# fails: huge
import torch


def moving_mean(x, size):
    sums = torch.cat([torch.zeros(1), x.cumsum(0)])
    return (sums[size:] - sums[:-size]) / size
