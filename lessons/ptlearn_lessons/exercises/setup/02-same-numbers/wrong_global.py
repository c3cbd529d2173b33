# fails: untouched
import torch


def shuffled(x, seed):
    torch.manual_seed(seed)
    return x[torch.randperm(len(x))]
