# fails: added_points
import torch


def distances(a, b):
    return (a[:, None] - b).square().sum(1).sqrt()
