# fails: one_mean
import torch


def centred(x):
    return x - x.mean()
