# fails: shape
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = net.state_dict()
    skipped = []
    for name, value in state.items():
        if name in own:
            own[name].copy_(value)
        else:
            skipped.append(name)
    return skipped
