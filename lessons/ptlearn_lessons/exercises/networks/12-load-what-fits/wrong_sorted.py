# fails: order
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = net.state_dict()
    fits = {
        name: value
        for name, value in state.items()
        if name in own and own[name].shape == value.shape
    }
    net.load_state_dict(fits, strict=False)
    return sorted(set(state) - set(fits))
