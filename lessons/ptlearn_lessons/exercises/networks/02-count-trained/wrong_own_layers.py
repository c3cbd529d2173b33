# fails: nested
import torch.nn as nn


def count(module):
    total = 0
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            total += layer.weight.numel() + layer.bias.numel()
    return total
