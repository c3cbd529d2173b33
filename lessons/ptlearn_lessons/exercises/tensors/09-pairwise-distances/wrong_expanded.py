# fails: far
import torch


def distances(a, b):
    squares = a.square().sum(1)[:, None] + b.square().sum(1)
    return (squares - 2 * a @ b.T).sqrt()
