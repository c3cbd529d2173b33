# fails: raises
import torch


def with_position(x):
    number = torch.arange(len(x), dtype=x.dtype).view(-1, 1)
    one = x.new_ones(len(x), 1)
    return torch.cat([x, number, one], dim=1)
