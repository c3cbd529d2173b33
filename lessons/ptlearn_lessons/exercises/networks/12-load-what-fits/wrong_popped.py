# fails: unchanged
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = net.state_dict()
    skipped = []
    for name in list(state):
        if name not in own or own[name].shape != state[name].shape:
            state.pop(name)
            skipped.append(name)
    net.load_state_dict(state, strict=False)
    return skipped
