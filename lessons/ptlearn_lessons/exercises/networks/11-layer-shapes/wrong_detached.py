# fails: same_result
import torch.nn as nn


def layer_shapes(net, x):
    shapes = {}
    handles = []

    def keep(name):
        def hook(module, args, output):
            shapes[name] = tuple(output.shape)
            return output.relu()
        return hook

    for name, layer in net.named_modules():
        if not list(layer.children()):
            handles.append(layer.register_forward_hook(keep(name)))
    try:
        net(x)
    finally:
        for handle in handles:
            handle.remove()
    return shapes
