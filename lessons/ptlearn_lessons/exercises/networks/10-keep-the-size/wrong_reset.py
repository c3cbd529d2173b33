# fails: untouched
import torch
import torch.nn as nn


def initialise(net):
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
