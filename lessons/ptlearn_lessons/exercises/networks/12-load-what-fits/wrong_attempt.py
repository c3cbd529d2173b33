# fails: broadcast
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = net.state_dict()
    skipped = []
    for name, value in state.items():
        try:
            own[name].copy_(value)
        except (KeyError, RuntimeError):
            skipped.append(name)
    return skipped
