# fails: bias_down
import torch
import torch.nn.functional as F


def linear(x, weight, bias):
    return x @ weight.T + bias.view(-1, 1)
