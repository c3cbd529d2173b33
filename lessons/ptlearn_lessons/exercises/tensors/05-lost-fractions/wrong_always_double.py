# fails: wider
import torch


def rescaled(x):
    y = x.double()
    return (y - y.min()) / (y.max() - y.min())
