# fails: repeats
import torch


def shuffled(x, seed):
    return x[torch.randperm(len(x))]
