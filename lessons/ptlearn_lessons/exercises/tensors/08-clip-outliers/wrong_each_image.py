# fails: each_image
import torch


def clipped(x, k):
    mean = x.mean((2, 3), keepdim=True)
    reach = k * x.std((2, 3), keepdim=True)
    return x.clamp(mean - reach, mean + reach)
