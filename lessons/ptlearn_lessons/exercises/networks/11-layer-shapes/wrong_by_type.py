# fails: sequence
import torch.nn as nn


def layer_shapes(net, x):
    shapes = {}
    def hook(module, args, output):
        shapes[type(module).__name__] = tuple(output.shape)

    handles = [
        layer.register_forward_hook(hook)
        for layer in net.modules()
        if not list(layer.children())
    ]
    try:
        net(x)
    finally:
        for handle in handles:
            handle.remove()
    return shapes
