import torch


def chessboard(rows, columns):
    down = torch.arange(rows)[:, None]
    across = torch.arange(columns)
    return (down + across) % 2
