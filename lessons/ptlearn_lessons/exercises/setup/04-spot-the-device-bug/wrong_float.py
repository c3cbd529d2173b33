# fails: dtype
import torch


def with_position(x):
    x = x.float()
    number = torch.arange(len(x)).to(x).view(-1, 1)
    return torch.cat([x, number, torch.ones_like(number)], dim=1)
