# fails: again
import torch.nn as nn


def count(module):
    return sum(
        p.numel()
        for layer in module.modules()
        for p in layer.parameters()
        if p.requires_grad
    )
