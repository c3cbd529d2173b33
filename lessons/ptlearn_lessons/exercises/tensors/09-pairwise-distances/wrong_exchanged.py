# fails: exchanged
import torch


def distances(a, b):
    return (a - b[:, None]).square().sum(-1).sqrt()
