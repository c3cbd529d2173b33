from collections import OrderedDict

import torch
from torch import nn

from ptlearn_lessons.checking import holds, same, whole


class Wired(nn.Module):
    """Layers in another order than they are made in, one beside the other."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, 1)
        self.left = nn.Linear(2, 3)
        self.right = nn.Sequential(OrderedDict(wide=nn.Linear(2, 5), narrow=nn.Linear(5, 3)))
        self.passes = 0

    def forward(self, x):
        self.passes += 1
        return self.out(torch.cat([self.left(x), self.right(x)], dim=1))


def plain():
    return nn.Sequential(OrderedDict(fc1=nn.Linear(2, 4), relu=nn.ReLU(), fc2=nn.Linear(4, 3)))


def deep():
    block = nn.Sequential(nn.Linear(4, 5), nn.ReLU())
    return nn.Sequential(OrderedDict(first=nn.Linear(2, 4), block=block, last=nn.Linear(5, 1)))


def hooks(net):
    return {name or "net": len(module._forward_hooks) for name, module in net.named_modules()}


def run(answer, net, x):
    with torch.enable_grad():
        try:
            return answer.layer_shapes(net, x)
        except TypeError as error:
            holds("must be Tensor, not" not in str(error), "tensor", error, says="same_result", x=f"{tuple(x.shape)}")
            raise


def compare(got, expected, **shown):
    says = ""
    if isinstance(got, dict):
        if len(expected) > 1 and len(got) == 1 and list(got)[0] == list(expected)[-1]:
            says = "late"
        elif set(got) == set(expected) and not all(isinstance(shape, tuple) for shape in got.values()):
            says = "not_tuples"
        got = {name: tuple(shape) if isinstance(shape, tuple) else shape for name, shape in got.items()}
    same(got, expected, says=says, **shown)


def named(got):
    """Without the blocks, which have a check of their own."""
    blocks = {"", "block"}
    return {name: shape for name, shape in got.items() if name not in blocks} if isinstance(got, dict) else got


def sequence(answer):
    for n in (1, 4):
        got = run(answer, plain(), whole(n, 2))
        expected = {"fc1": (n, 4), "relu": (n, 4), "fc2": (n, 3)}
        compare(named(got), expected, x=f"({n}, 2)")


def inner(answer):
    net = deep()
    expected = {"first": (3, 4), "block.0": (3, 5), "block.1": (3, 5), "last": (3, 1)}
    compare(named(run(answer, net, whole(3, 2))), expected, x="(3, 2)")


def no_blocks(answer):
    got = run(answer, deep(), whole(3, 2))
    same(sorted(got), ["block.0", "block.1", "first", "last"], x="(3, 2)")


def wired(answer):
    net = Wired()
    expected = {"left": (2, 3), "right.wide": (2, 5), "right.narrow": (2, 3), "out": (2, 1)}
    try:
        got = run(answer, net, whole(2, 2))
    except RuntimeError as error:
        holds(False, f"{expected}", error, x="(2, 2)")
    compare(got, expected, x="(2, 2)")


def once(answer):
    net = Wired()
    run(answer, net, whole(2, 2))
    same(net.passes, 1)


def same_result(answer):
    net, x, results = deep(), whole(3, 2), []
    with torch.no_grad():
        expected = net(x)
    handle = net.last.register_forward_pre_hook(lambda module, args: results.append(args[0].shape))
    last = net.register_forward_hook(lambda module, args, output: results.append(output))
    run(answer, net, x)
    handle.remove()
    last.remove()
    holds(results and isinstance(results[-1], torch.Tensor), f"{expected}", results[-1:])
    same(results[-1], expected, x=x)


def removed(answer):
    net = deep()
    run(answer, net, whole(3, 2))
    left = {name: count for name, count in hooks(net).items() if count}
    same(left, {})


def others(answer):
    net = deep()
    net.first.register_forward_hook(lambda module, args, output: None)
    before = hooks(net)
    run(answer, net, whole(3, 2))
    same(hooks(net), before)


def raised(answer):
    net = deep()
    try:
        run(answer, net, whole(3, 7))
    except RuntimeError:
        pass
    left = {name: count for name, count in hooks(net).items() if count}
    same(left, {}, x="(3, 7)")


CHECKS = (sequence, inner, no_blocks, wired, once, same_result, removed, others, raised)
