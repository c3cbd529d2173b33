# fails: dtype
import torch


def with_position(x):
    number = torch.arange(len(x), device=x.device).view(-1, 1)
    one = torch.ones(len(x), 1, device=x.device)
    return torch.cat([x, number, one], dim=1)
