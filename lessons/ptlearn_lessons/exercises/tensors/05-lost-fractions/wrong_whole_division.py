# fails: values
import torch


def rescaled(x):
    return (x - x.min()) // (x.max() - x.min())
