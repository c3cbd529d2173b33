import torch.nn as nn


def layer_shapes(net, x):
    shapes = {}
    ...
    return shapes
