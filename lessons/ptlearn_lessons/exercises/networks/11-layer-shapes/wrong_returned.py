# fails: same_result
import torch.nn as nn


def layer_shapes(net, x):
    shapes = {}
    handles = []
    for name, layer in net.named_modules():
        if not list(layer.children()):
            handles.append(layer.register_forward_hook(
                lambda module, args, output, name=name:
                    shapes.setdefault(name, tuple(output.shape))
            ))
    try:
        net(x)
    finally:
        for handle in handles:
            handle.remove()
    return shapes
