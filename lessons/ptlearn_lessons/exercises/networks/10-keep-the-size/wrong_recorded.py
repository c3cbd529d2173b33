# fails: grew_a_graph
import torch
import torch.nn as nn


def initialise(net):
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.normal_(std=(2 / layer.in_features) ** 0.5)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
