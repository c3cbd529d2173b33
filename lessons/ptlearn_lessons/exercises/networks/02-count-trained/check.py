import torch
from torch import nn

from ptlearn_lessons.checking import same


class Block(nn.Module):
    """A number of its own, and layers inside layers."""

    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.inner = nn.Sequential(nn.Linear(width, 2), nn.ReLU(), nn.Linear(2, width))


def entries(parameters):
    return sum(p.numel() for p in parameters if p.requires_grad)


def compare(answer, module, expected):
    got = answer.count(module)
    trained = [p for p in module.parameters() if p.requires_grad]
    says = ""
    for mistake, number in (
        ("tensors", len(trained)),
        ("rows", sum(len(p) for p in trained if p.dim())),
        ("weights_only", sum(p.numel() for p in trained if p.dim() > 1)),
        ("again", sum(entries(each.parameters()) for each in module.modules())),
    ):
        if isinstance(got, int) and got == number:
            says = mistake
    if not isinstance(got, (int, type(None))) and got == expected:
        says = "number"
    same(got, expected, says=says, module=module)


def one_layer(answer):
    compare(answer, nn.Linear(3, 2), 3 * 2 + 2)
    compare(answer, nn.Conv2d(3, 2, 5), 2 * 3 * 5 * 5 + 2)


def nested(answer):
    compare(answer, nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), 9 + 4)
    compare(answer, Block(3), 1 + 8 + 9)
    compare(answer, nn.ModuleList([Block(3), Block(4)]), 18 + 1 + 10 + 12)


def buffers(answer):
    compare(answer, nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), 9 + 6)


def frozen(answer):
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    net[0].requires_grad_(False)
    compare(answer, net, 4)
    net[1].bias.requires_grad_(False)
    compare(answer, net, 3)
    net[1].weight.requires_grad_(False)
    same(answer.count(net), 0, module=net)


def shared(answer):
    layer = nn.Linear(2, 2)
    same(answer.count(nn.Sequential(layer, nn.ReLU(), layer)), 6, module="nn.Sequential(layer, nn.ReLU(), layer)")
    net = nn.Sequential(nn.Linear(2, 4), nn.Linear(2, 4))
    net[1].weight = net[0].weight
    same(answer.count(net), 8 + 4 + 4, module="net[1].weight = net[0].weight")


CHECKS = (one_layer, nested, buffers, frozen, shared)
