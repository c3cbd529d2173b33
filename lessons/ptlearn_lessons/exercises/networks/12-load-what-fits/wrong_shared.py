# fails: copied
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = dict(net.named_parameters()) | dict(net.named_buffers())
    skipped = []
    for name, value in state.items():
        if name in own and own[name].shape == value.shape:
            own[name].data = value
        else:
            skipped.append(name)
    return skipped
