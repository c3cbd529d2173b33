# fails: any_rank
import torch


def centred(x):
    return torch.stack([row - row.mean() for row in x])
