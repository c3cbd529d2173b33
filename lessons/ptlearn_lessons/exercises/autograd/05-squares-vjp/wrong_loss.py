# fails: ones
import torch


def vjp(v, x):
    return v * x**2
