# fails: view
import torch


def moving_mean(x, size):
    windows = x.as_strided((len(x) - size + 1, size), (1, 1))
    return windows.mean(1)
