# fails: numel
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = net.state_dict()
    skipped = []
    for name, value in state.items():
        if name in own and own[name].numel() == value.numel():
            own[name].copy_(value.view(own[name].shape))
        else:
            skipped.append(name)
    return skipped
