# fails: two
import torch


def chessboard(rows, columns):
    board = torch.zeros(rows, columns, dtype=torch.long)
    board[::2, 1::2] = 1
    return board
