# fails: fixed
import torch


def chessboard(rows, columns):
    tile = torch.tensor([[0, 1], [1, 0]])
    return tile.repeat((rows + 1) // 2, (columns + 1) // 2)
