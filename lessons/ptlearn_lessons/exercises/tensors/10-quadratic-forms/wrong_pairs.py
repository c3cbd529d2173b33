# fails: every_pair
import torch


def quadratic(x, A):
    return x @ A @ x.mT
