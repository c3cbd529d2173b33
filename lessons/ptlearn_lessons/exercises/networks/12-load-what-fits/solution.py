import torch


def load_fitting(net, state):
    own = net.state_dict()
    skipped = []
    for name, value in state.items():
        if name in own and own[name].shape == value.shape:
            own[name].copy_(value)
        else:
            skipped.append(name)
    return skipped
