# fails: padded
import torch
import torch.nn.functional as F


def moving_mean(x, size):
    return F.avg_pool1d(x[None], size, stride=1, padding=size // 2)[0]
