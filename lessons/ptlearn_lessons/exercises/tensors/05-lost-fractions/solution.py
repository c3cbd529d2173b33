import torch


def rescaled(x):
    low, high = x.min(), x.max()
    return (x - low) / (high - low)
