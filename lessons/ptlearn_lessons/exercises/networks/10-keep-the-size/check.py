import torch
from torch import nn

from ptlearn_lessons.checking import Mismatch, holds, same

DRAWS = 8  # networks, whose mean squares are averaged: chance stays far from half and from twice


def stack(*widths, bias=True):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs, bias=bias), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def linears(net):
    return [layer for layer in net.modules() if isinstance(layer, nn.Linear)]


def initialised(answer, net):
    """The net, after the answer has been at it. A net without a bias, and a write that is recorded, have messages."""
    with torch.enable_grad():
        try:
            answer.initialise(net)
        except RuntimeError as error:
            if "leaf" not in str(error) or "in-place" not in str(error):
                raise
            holds(False, "torch.no_grad()", error, says="grew_a_graph")
    return net


def ratios(answer, widths):
    """How large each Linear's outputs are, beside those of the first; and n · mean(w²) of the layers behind it."""
    squares, shares, alike = torch.zeros(len(widths) - 1), [], False
    for _ in range(DRAWS):
        net = initialised(answer, stack(*widths))
        with torch.no_grad():
            x, sizes = torch.randn(64, widths[0]), []
            for layer in net:
                x = layer(x)
                if isinstance(layer, nn.Linear):
                    sizes.append(x.square().mean())
                    shares.append((layer.in_features * layer.weight.square().mean()).item())
                    alike = alike or torch.equal(layer.weight, layer.weight[:1].expand_as(layer.weight))
        squares += torch.stack(sizes)
    return (squares / squares[0]).sqrt(), sum(shares) / len(shares), alike


def near(share, wanted):
    return abs(share / wanted - 1) < 0.15


def mistake(share, width):
    if near(share, 4 / width):
        return "no_root"
    for says, wanted in (("for_straight", 1), ("bound", 2 / 3), ("untouched", 1 / 3), ("too_large", width)):
        if near(share, wanted):
            return says
    return "too_small" if share < 1 / 3 else ""


def deep(answer):
    width = 128
    sizes, share, alike = ratios(answer, [width] * 11)
    holds(not alike, "False", alike, says="alike", equal="weight[0], weight[1]")
    says = mistake(share, width)
    got = round(sizes[-1].item(), 6)
    holds(0.5 < sizes[-1] < 2, "0.5 … 2", got, says=says, widths=f"10 × {width}", ratio="last / first")


def biases(answer):
    for layer in linears(initialised(answer, stack(3, 2, 1))):
        same(layer.bias.detach(), torch.zeros_like(layer.bias))


def widths(answer):
    for every in ([16, 32, 64, 128, 256, 512], [512, 256, 128, 64, 32]):
        sizes, _, _ = ratios(answer, every)
        got = round(sizes[-1].item(), 3)
        holds(0.5 < sizes[-1] < 2, "0.5 … 2", got, widths=every, ratio="last / first")


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.more = nn.ModuleDict({"second": nn.Sequential(nn.Linear(64, 64))})


def nested(answer):
    net = nn.Sequential(nn.Sequential(nn.ReLU(), Inner()), nn.Linear(64, 64))
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    initialised(answer, net)
    left = [name for name, p in net.named_parameters() if torch.equal(p, before[name])]
    holds(not left, "[]", left)


def no_bias(answer):
    net = stack(4, 4, bias=False)
    try:
        initialised(answer, net)
    except (AttributeError, TypeError) as error:
        raise Mismatch(None, error, inputs={"layer": net[0]}) from error
    holds(net[0].bias is None, "None", net[0].bias)


def others(answer):
    net = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 4))
    expected = torch.ones(4), torch.zeros(4)
    try:
        initialised(answer, net)
    except (AttributeError, TypeError, ValueError) as error:
        raise Mismatch(expected[0], error, inputs={"layer": net[1]}) from error
    same(net[1].weight.detach(), expected[0], layer=net[1])
    same(net[1].bias.detach(), expected[1], layer=net[1])


def in_place(answer):
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    before = dict(net.named_parameters())
    initialised(answer, net)
    for name, p in net.named_parameters():
        holds(p is before[name], "p is before", p, parameter=name)
        holds(p.requires_grad and p.is_leaf, "requires_grad, is_leaf", p, parameter=name)


CHECKS = (deep, biases, widths, nested, no_bias, others, in_place)
