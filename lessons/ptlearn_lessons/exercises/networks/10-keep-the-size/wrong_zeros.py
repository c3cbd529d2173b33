# fails: alike
import torch
import torch.nn as nn


def initialise(net):
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
