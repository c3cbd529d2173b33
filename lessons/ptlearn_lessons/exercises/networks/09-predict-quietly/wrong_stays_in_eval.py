# fails: mode
import torch


def predict(net, x):
    net.eval()
    with torch.no_grad():
        return net(x)
