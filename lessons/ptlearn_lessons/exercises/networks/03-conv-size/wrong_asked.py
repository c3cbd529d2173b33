# fails: by_hand
import torch
import torch.nn as nn


def out_size(n, kernel, stride=1, padding=0, dilation=1):
    layer = nn.Conv2d(1, 1, kernel, stride, padding, dilation)
    return layer(torch.zeros(1, 1, n, n)).shape[2]
