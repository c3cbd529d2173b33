# fails: lined_up
import torch


def quadratic(x, A):
    return x.mT @ A @ x
