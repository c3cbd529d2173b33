# fails: no_bias
import torch
import torch.nn.functional as F


def linear(x, weight, bias):
    return torch.einsum("ni,oi->no", x, weight)
