# fails: values
import torch


def predict(net, x):
    with torch.no_grad():
        return net(x)
