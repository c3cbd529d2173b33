# fails: removed
import torch.nn as nn


def layer_shapes(net, x):
    shapes = {}

    def keep(name):
        def hook(module, args, output):
            shapes[name] = tuple(output.shape)
        return hook

    for name, layer in net.named_modules():
        if not list(layer.children()):
            layer.register_forward_hook(keep(name))
    net(x)
    return shapes
