# fails: own_partner
import torch


def distances(a, b):
    return (a - b).square().sum(-1).sqrt()
