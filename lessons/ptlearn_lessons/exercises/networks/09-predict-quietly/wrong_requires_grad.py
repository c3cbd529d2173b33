# fails: parameters
import torch


def predict(net, x):
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    for p in net.parameters():
        p.requires_grad_(False)
    with torch.no_grad():
        result = net(x)
    for p in net.parameters():
        p.requires_grad_(True)
    for module, training in modes:
        module.training = training
    return result
