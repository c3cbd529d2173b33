# fails: pixels
import torch


def patches(images, size):
    n, height, width, channels = images.shape
    rows, columns = height // size, width // size
    x = images.reshape(n, rows, size, columns, size, channels)
    x = x.permute(0, 1, 3, 2, 4, 5)
    return x.reshape(n, rows * columns, channels * size * size)
