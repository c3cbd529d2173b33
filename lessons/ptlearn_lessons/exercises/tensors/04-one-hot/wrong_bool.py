# fails: floats
import torch


def one_hot(targets, classes):
    return targets[:, None] == torch.arange(classes)
