# fails: integers
import torch


def chessboard(rows, columns):
    return (torch.arange(rows)[:, None] + torch.arange(columns)) % 2 == 1
