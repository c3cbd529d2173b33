# fails: weights_only
import torch.nn as nn


def count(module):
    return sum(
        layer.weight.numel()
        for layer in module.modules()
        if hasattr(layer, "weight") and layer.weight.requires_grad
    )
