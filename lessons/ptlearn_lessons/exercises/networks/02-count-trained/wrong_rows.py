# fails: rows
import torch.nn as nn


def count(module):
    return sum(len(p) for p in module.parameters() if p.requires_grad)
