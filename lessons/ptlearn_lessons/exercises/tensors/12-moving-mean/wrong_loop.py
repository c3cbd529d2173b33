# fails: slow
import torch


def moving_mean(x, size):
    windows = [x[i : i + size] for i in range(len(x) - size + 1)]
    return torch.stack(windows).mean(1)
