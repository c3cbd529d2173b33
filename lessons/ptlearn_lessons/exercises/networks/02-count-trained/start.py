import torch.nn as nn


def count(module):
    ...
