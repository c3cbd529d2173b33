# fails: lost
import torch


def clipped(x, k):
    mean, std = x.mean((0, 2, 3)), x.std((0, 2, 3))
    return torch.where(
        x > mean + k * std,
        mean + k * std,
        torch.where(x < mean - k * std, mean - k * std, x),
    )
