# fails: unchanged
import torch


def centred(x):
    x -= x.mean(-1, keepdim=True)
    return x
