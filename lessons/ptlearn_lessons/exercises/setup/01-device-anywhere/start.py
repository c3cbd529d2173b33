import torch


def best_device():
    ...
