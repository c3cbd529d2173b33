# fails: tensors
import torch.nn as nn


def count(module):
    return len([p for p in module.parameters() if p.requires_grad])
