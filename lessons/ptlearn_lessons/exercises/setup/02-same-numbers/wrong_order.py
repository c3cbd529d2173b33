# fails: rows
import torch


def shuffled(x, seed):
    own = torch.Generator().manual_seed(seed)
    return torch.randperm(len(x), generator=own)
