import torch


def centred(x):
    ...
