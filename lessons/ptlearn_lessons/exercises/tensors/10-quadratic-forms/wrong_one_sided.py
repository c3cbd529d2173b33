# fails: one_sided
import torch


def quadratic(x, A):
    return (x @ A).sum(-1)
