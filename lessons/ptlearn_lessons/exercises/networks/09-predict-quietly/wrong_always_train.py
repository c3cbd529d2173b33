# fails: always_train
import torch


def predict(net, x):
    net.eval()
    with torch.no_grad():
        result = net(x)
    net.train()
    return result
