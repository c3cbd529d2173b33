# fails: parameters
import torch
import torch.nn as nn


def load_fitting(net, state):
    own = net.state_dict()
    trained = dict(net.named_parameters())
    skipped = []
    for name, value in state.items():
        if name not in own or own[name].shape != value.shape:
            skipped.append(name)
            continue
        value = value.clone()
        path, _, last = name.rpartition(".")
        if name in trained:
            value = nn.Parameter(value)
        setattr(net.get_submodule(path), last, value)
    return skipped
