# fails: truncated
import torch


def rescaled(x):
    y = x.clone()
    y[:] = (x - x.min()) / (x.max() - x.min())
    return y
