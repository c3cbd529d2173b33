# fails: unchanged
import torch


def clipped(x, k):
    mean = x.mean((0, 2, 3), keepdim=True).expand_as(x)
    reach = k * x.std((0, 2, 3), keepdim=True)
    low, high = mean - reach, mean + reach
    x[x < low] = low[x < low]
    x[x > high] = high[x > high]
    return x
