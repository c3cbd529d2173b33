import torch


def quadratic(x, A):
    ...
