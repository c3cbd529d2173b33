# fails: alike
import torch
import torch.nn as nn


def initialise(net):
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.weight, (2 / layer.in_features) ** 0.5)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
