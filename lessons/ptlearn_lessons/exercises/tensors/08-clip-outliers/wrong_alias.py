# fails: unchanged
import torch


def clipped(x, k):
    mean = x.mean((0, 2, 3), keepdim=True)
    reach = k * x.std((0, 2, 3), keepdim=True)
    y = x
    return y.clamp_(mean - reach, mean + reach)
