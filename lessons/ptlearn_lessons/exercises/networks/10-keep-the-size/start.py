import torch.nn as nn


def initialise(net):
    for layer in net.modules():
        ...
