# fails: raised
import torch


def predict(net, x):
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    with torch.no_grad():
        result = net(x)
    for module, training in modes:
        module.training = training
    return result
