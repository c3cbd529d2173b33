# fails: all_channels
import torch


def clipped(x, k):
    return x.clamp(x.mean() - k * x.std(), x.mean() + k * x.std())
