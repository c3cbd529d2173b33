# fails: number
import torch.nn as nn


import torch


def count(module):
    total = torch.tensor(0)
    for p in module.parameters():
        if p.requires_grad:
            total += p.numel()
    return total
