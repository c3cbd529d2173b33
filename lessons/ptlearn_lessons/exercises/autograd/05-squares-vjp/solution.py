import torch


def vjp(v, x):
    return v * 2 * x
