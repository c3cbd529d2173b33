# fails: others
import torch.nn as nn


def initialise(net):
    for layer in net.modules():
        if hasattr(layer, "weight"):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
