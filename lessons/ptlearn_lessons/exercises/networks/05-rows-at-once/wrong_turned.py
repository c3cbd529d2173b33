# fails: turned
import torch
import torch.nn.functional as F


def linear(x, weight, bias):
    return weight @ x.T + bias[:, None]
