import torch


def patches(images, size):
    ...
