# fails: in_place
import torch
import torch.nn as nn


def initialise(net):
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            std = (2 / layer.in_features) ** 0.5
            layer.weight = nn.Parameter(std * torch.randn(layer.weight.shape))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
