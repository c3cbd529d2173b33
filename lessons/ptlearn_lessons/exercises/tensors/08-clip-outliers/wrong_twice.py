# fails: twice
import torch

OVER = (0, 2, 3)


def clipped(x, k):
    high = x.mean(OVER, keepdim=True) + k * x.std(OVER, keepdim=True)
    x = torch.minimum(x, high)
    low = x.mean(OVER, keepdim=True) - k * x.std(OVER, keepdim=True)
    return torch.maximum(x, low)
