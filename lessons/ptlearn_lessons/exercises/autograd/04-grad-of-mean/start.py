import torch


def grad_of_mean(x):
    ...
