# fails: classes
import torch


def one_hot(targets, classes):
    return torch.eye(len(targets))[targets]
