# fails: unchanged
import torch


def vjp(v, x):
    return v.mul_(2).mul_(x)
