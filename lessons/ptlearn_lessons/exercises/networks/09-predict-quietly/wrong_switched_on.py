# fails: grad_mode
import torch


def predict(net, x):
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    torch.set_grad_enabled(False)
    try:
        return net(x)
    finally:
        torch.set_grad_enabled(True)
        for module, training in modes:
            module.training = training
