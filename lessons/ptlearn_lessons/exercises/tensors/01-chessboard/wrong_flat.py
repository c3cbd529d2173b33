# fails: running_on
import torch


def chessboard(rows, columns):
    return torch.arange(rows * columns).view(rows, columns) % 2
