# fails: unchanged
import torch


def rescaled(x):
    y = x
    y[:] = (x - x.min()) / (x.max() - x.min())
    return y
