# fails: shared
import torch.nn as nn


def count(module):
    own = module.parameters(recurse=False)
    total = sum(p.numel() for p in own if p.requires_grad)
    for child in module._modules.values():
        total += count(child)
    return total
