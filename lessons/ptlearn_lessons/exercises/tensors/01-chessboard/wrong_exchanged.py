# fails: exchanged
import torch


def chessboard(rows, columns):
    return (torch.arange(rows) + torch.arange(columns)[:, None]) % 2
