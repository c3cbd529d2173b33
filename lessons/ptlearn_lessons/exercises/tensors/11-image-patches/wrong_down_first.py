# fails: down_first
import torch


def patches(images, size):
    n, height, width, channels = images.shape
    rows, columns = height // size, width // size
    x = images.permute(0, 3, 1, 2)
    x = x.reshape(n, channels, rows, size, columns, size)
    x = x.permute(0, 4, 2, 1, 3, 5)
    return x.reshape(n, rows * columns, channels * size * size)
