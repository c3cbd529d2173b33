# fails: refused
import torch


def rescaled(x):
    y = x.clone()
    y -= y.min()
    y /= y.max()
    return y
