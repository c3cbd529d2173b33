# fails: three
import torch


def one_hot(targets, classes):
    rows = torch.zeros(len(targets), classes)
    return rows.scatter_(0, targets[:, None], 1)
