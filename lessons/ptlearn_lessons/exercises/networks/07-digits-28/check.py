import torch
import torch.nn.functional as F

from ptlearn_lessons.checking import Mismatch, holds, same, whole

SHAPES = {
    "conv1.weight": (6, 1, 5, 5),
    "conv1.bias": (6,),
    "conv2.weight": (16, 6, 5, 5),
    "conv2.bias": (16,),
    "fc1.weight": (120, 400),
    "fc1.bias": (120,),
    "fc2.weight": (84, 120),
    "fc2.bias": (84,),
    "fc3.weight": (10, 84),
    "fc3.bias": (10,),
}
SMALL = {**SHAPES, "fc1.weight": (120, 256)}


def digits(n, side):
    """Something in each corner, so that no border can hide."""
    return whole(n, 1, side, side, low=1).clamp(min=1)


def truth(net, x):
    """What the layers make of it, one after the other."""
    x = F.max_pool2d(F.relu(F.conv2d(x, net.conv1.weight, net.conv1.bias)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, net.conv2.weight, net.conv2.bias)), 2).flatten(1)
    for layer in (net.fc1, net.fc2):
        x = F.relu(F.linear(x, layer.weight, layer.bias))
    return F.linear(x, net.fc3.weight, net.fc3.bias)


def fits(net, shapes):
    return {name: tuple(p.shape) for name, p in net.named_parameters()} == shapes


def flatten(answer):
    x = digits(25, 28)
    try:
        with torch.no_grad():
            got = answer.Net()(x)
    except RuntimeError:
        return
    got = tuple(got.shape) if isinstance(got, torch.Tensor) else got
    holds(got == (25, 10), "(25, 10) / RuntimeError", got, size=tuple(x.shape))


def as_before(answer):
    net = answer.Net()
    for n in (1, 2):
        x = digits(n, 32)
        with torch.no_grad():
            expected = truth(net, x)
            try:
                got = net(x)
            except RuntimeError as error:
                raise Mismatch(expected, error, inputs={"size": tuple(x.shape)}) from error
        same(got, expected, size=tuple(x.shape))
    named(net, SHAPES)


def run(net, x, rows):
    """What comes out of 28 × 28. A network that refuses them says `not_yet`."""
    try:
        with torch.no_grad():
            got = net(x.clone())
    except RuntimeError as error:
        text = str(error)
        says = "one_way" if any(each in text for each in ("x320 ", "size 320", "320]")) else "not_yet"
        raise Mismatch(rows, error, says=says, inputs={"size": tuple(x.shape)}) from error
    return got


def alike(got, expected):
    return isinstance(got, torch.Tensor) and got.shape == expected.shape and torch.allclose(got, expected, atol=1e-4)


def mistake(net, x, got):
    for sides in ((0, 4, 0, 4), (4, 0, 4, 0), (0, 4, 4, 0), (4, 0, 0, 4)):
        if alike(got, truth(net, F.pad(x, sides))):
            return "corner"
    for mode in ("nearest", "bilinear", "bicubic", "area", "nearest-exact"):
        if alike(got, truth(net, F.interpolate(x, (32, 32), mode=mode))):
            return "stretched"
    return ""


def padded(answer):
    net = answer.Padded()
    for n in (1, 3):
        x = digits(n, 28)
        got = run(net, x, torch.Size((n, 10)))
        holds(isinstance(got, torch.Tensor) and got.shape == (n, 10), f"({n}, 10)", got, says="not_yet")
        if not fits(net, SHAPES):
            return  # told by the next check
        with torch.no_grad():
            expected = truth(net, F.pad(x, (2, 2, 2, 2)))
            if not alike(got, expected):
                same(got[:1], expected[:1], says=mistake(net, x, got), size=tuple(x.shape))


def named(net, shapes):
    got = {name: tuple(p.shape) for name, p in net.named_parameters()}
    wrong = {name: got.get(name) for name in (*shapes, *got) if got.get(name) != shapes.get(name)}
    says = "left_over" if set(got) - set(shapes) else ""
    holds(not wrong, str({name: shapes.get(name) for name in wrong}), wrong, says=says)


def same_shapes(answer):
    named(answer.Padded(), SHAPES)


def resized(answer):
    net = answer.Resized()
    for n in (1, 3):
        x = digits(n, 28)
        got = run(net, x, torch.Size((n, 10)))
        holds(isinstance(got, torch.Tensor) and got.shape == (n, 10), f"({n}, 10)", got, says="not_yet")
        if not fits(net, SMALL):
            return  # told by the next check
        with torch.no_grad():
            same(got, truth(net, x), size=tuple(x.shape))


def small_fc1(answer):
    net = answer.Resized()
    run(net, digits(1, 28), torch.Size((1, 10)))  # a lazy layer has its shape now
    named(net, SMALL)


def gradients(answer):
    for each in (answer.Net, answer.Padded, answer.Resized):
        net = each()
        with torch.enable_grad():
            got = net(digits(3, 32 if each is answer.Net else 28))
            holds(got.requires_grad, "requires_grad == True", got.requires_grad, network=each.__name__)
            got.square().sum().backward()
        without = [name for name, p in net.named_parameters() if p.grad is None]
        holds(not without, "[]", without, network=each.__name__)


CHECKS = (flatten, as_before, padded, same_shapes, resized, small_fc1, gradients)
