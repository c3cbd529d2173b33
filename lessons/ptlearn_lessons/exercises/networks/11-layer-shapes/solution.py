import torch.nn as nn


def layer_shapes(net, x):
    shapes = {}

    def keep(name):
        def hook(module, args, output):
            shapes[name] = tuple(output.shape)
        return hook

    handles = [
        layer.register_forward_hook(keep(name))
        for name, layer in net.named_modules()
        if not list(layer.children())
    ]
    try:
        net(x)
    finally:
        for handle in handles:
            handle.remove()
    return shapes
