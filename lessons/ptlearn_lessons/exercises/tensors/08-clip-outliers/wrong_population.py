# fails: population
import torch


def clipped(x, k):
    mean = x.mean((0, 2, 3), keepdim=True)
    reach = k * x.var((0, 2, 3), correction=0, keepdim=True).sqrt()
    return x.clamp(mean - reach, mean + reach)
