# fails: unchanged
import torch


def grad_of_mean(x):
    return x.fill_(9 / x.numel())
