# fails: one_number
import torch


def vjp(v, x):
    return v * torch.diag(2 * x)
