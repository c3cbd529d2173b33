# fails: seeds
import torch


def shuffled(x, seed):
    return x.flip(0)
