# fails: dict_only
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = net.state_dict()
    skipped = []
    for name, value in state.items():
        if name in own and own[name].shape == value.shape:
            own[name] = value
        else:
            skipped.append(name)
    return skipped
