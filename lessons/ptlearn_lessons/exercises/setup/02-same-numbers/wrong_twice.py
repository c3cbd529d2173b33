# fails: rows
import torch


def shuffled(x, seed):
    own = torch.Generator().manual_seed(seed)
    return x[torch.randint(len(x), (len(x),), generator=own)]
