# fails: every_row
import torch


def one_hot(targets, classes):
    rows = torch.zeros(len(targets), classes)
    rows.index_fill_(1, targets, 1)
    return rows
