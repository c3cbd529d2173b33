# fails: strict
import torch
import torch.nn as nn


def load_fitting(net, state):
    return net.load_state_dict(state, strict=False).unexpected_keys
