# fails: transposed
import torch
import torch.nn.functional as F


def linear(x, weight, bias):
    return x @ weight + bias
