import torch


def predict(net, x):
    return net(x)
