# fails: untouched
import torch


def shuffled(x, seed):
    torch.manual_seed(seed)
    order = torch.randperm(len(x))
    torch.manual_seed(0)
    return x[order]
