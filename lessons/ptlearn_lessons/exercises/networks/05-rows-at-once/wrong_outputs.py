# fails: loop
import torch
import torch.nn.functional as F


def linear(x, weight, bias):
    columns = []
    for row, b in zip(weight, bias):
        columns.append(x @ row + b)
    return torch.stack(columns, dim=1)
