import torch


def distances(a, b):
    difference = a[:, None] - b
    return difference.square().sum(-1).sqrt()
