# fails: slow
import torch


def one_hot(targets, classes):
    rows = torch.zeros(len(targets), classes)
    for i, target in enumerate(targets):
        rows[i, target] = 1
    return rows
