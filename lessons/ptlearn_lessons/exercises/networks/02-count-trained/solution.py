import torch.nn as nn


def count(module):
    trained = (p for p in module.parameters() if p.requires_grad)
    return sum(p.numel() for p in trained)
