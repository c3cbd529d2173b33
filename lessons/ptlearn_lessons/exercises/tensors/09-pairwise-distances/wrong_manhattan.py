# fails: manhattan
import torch


def distances(a, b):
    return (a[:, None] - b).abs().sum(-1)
