# fails: table
import torch
import torch.nn.functional as F


def linear(x, weight, bias):
    return (x[:, None] * weight).sum(-1) + bias
