# fails: other_set
import torch


def quadratic(x, A):
    return ((x @ A[0]) * x).sum(-1)
