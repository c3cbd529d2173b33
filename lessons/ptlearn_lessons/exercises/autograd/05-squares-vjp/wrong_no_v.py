# fails: weights
import torch


def vjp(v, x):
    return 2 * x
