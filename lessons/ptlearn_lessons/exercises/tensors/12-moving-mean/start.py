import torch


def moving_mean(x, size):
    means = []
    for i in range(len(x) - size + 1):
        means.append(x[i : i + size].mean())
    return torch.stack(means)
