# fails: floats
import torch
import torch.nn.functional as F


def one_hot(targets, classes):
    return F.one_hot(targets, classes)
