import torch


def clipped(x, k):
    ...
