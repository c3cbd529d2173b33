# fails: one_sided
import torch


def quadratic(x, A):
    return x * (x @ A)
