# fails: pixels
import torch


def patches(images, size):
    n, height, width, channels = images.shape
    rows, columns = height // size, width // size
    x = images.reshape(n, channels, rows, size, columns, size)
    x = x.permute(0, 2, 4, 1, 3, 5)
    return x.reshape(n, rows * columns, channels * size * size)
