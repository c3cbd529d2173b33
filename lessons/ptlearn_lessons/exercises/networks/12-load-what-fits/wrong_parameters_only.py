# fails: buffers
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = dict(net.named_parameters())
    skipped = []
    for name, value in state.items():
        if name in own and own[name].shape == value.shape:
            with torch.no_grad():
                own[name].copy_(value)
        else:
            skipped.append(name)
    return skipped
