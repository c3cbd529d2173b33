# fails: bound
import torch
import torch.nn as nn


def initialise(net):
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            a = (2 / layer.in_features) ** 0.5
            nn.init.uniform_(layer.weight, -a, a)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
