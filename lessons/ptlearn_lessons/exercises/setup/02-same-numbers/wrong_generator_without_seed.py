# fails: seeds
import torch


def shuffled(x, seed):
    own = torch.Generator()
    return x[torch.randperm(len(x), generator=own)]
