import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ptlearn_lessons.checking import holds, same, whole


class Linears(TorchFunctionMode):
    """The weights and biases that the block multiplies by, in order."""

    def __init__(self):
        super().__init__()
        self.used = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") == "linear":
            self.used.append((args[1], args[2]))
        return func(*args, **(kwargs or {}))


def computed(used, x, between=True, after=False):
    *layers, head = used
    for weight, bias in layers:
        x = x @ weight.T + bias
        x = x.relu() if between else x
    x = x @ head[0].T + head[1]
    return x.relu() if after else x


def computes(answer):
    for width, depth in ((2, 0), (1, 1), (2, 1), (2, 2), (3, 4)):
        net, shown = answer.Stack(width, depth), {"width": width, "depth": depth}
        with torch.no_grad():
            for p in net.parameters():
                p.uniform_(-1, 1)
            x = torch.cat([whole(8, width), -whole(8, width)])  # some of them meet each relu below 0
            with Linears() as seen:
                got = net(x)
            holds(len(seen.used) == depth + 1, f"{depth + 1}", len(seen.used), says="how_many", **shown)
            compare(got, seen.used, x, shown)
            again = net(x)
            changed = [row for row in range(len(x)) if not close(again[row], got[row])][:1]
            same(again[changed], got[changed], says="changing", **shown, x=x[changed])


def compare(got, used, x, shown):
    expected = computed(used, x)
    if close(got, expected):
        return
    says = "no_relu" if close(got, computed(used, x, between=False)) else ""
    says = "head_relu" if close(got, computed(used, x, after=True)) else says
    if isinstance(got, torch.Tensor) and got.shape == expected.shape:
        wrong = [row for row in range(len(x)) if not close(got[row], expected[row])][:1]
        got, expected, x = got[wrong], expected[wrong], x[wrong]
    same(got, expected, says=says, **shown, x=x)


def close(got, expected):
    return isinstance(got, torch.Tensor) and got.shape == expected.shape and torch.allclose(got, expected, atol=1e-5)


def numbers(width, depth):
    return depth * (width * width + width) + width + 1


def found(answer):
    for width, depth in ((2, 1), (2, 3), (3, 4)):
        net = answer.Stack(width, depth)
        with Linears() as seen, torch.no_grad():
            net(whole(1, width))
        apart = len({id(weight) for weight, _ in seen.used}) == depth + 1
        got = sum(p.numel() for p in net.parameters())
        once = sum(p.numel() for p in {id(p): p for pair in seen.used for p in pair}.values())
        says = "own_weights" if not apart and got == once else "too_many" if got > numbers(width, depth) else ""
        same(got, numbers(width, depth), says=says, width=width, depth=depth)


def own_weights(answer):
    net = answer.Stack(3, 3)
    with Linears() as seen, torch.no_grad():
        net(whole(1, 3))
    weights = [weight for weight, _ in seen.used]
    holds(len({id(weight) for weight in weights}) == 4, "4 × weight", weights)
    holds(not torch.equal(weights[0], weights[1]), "weight != weight", weights[:2])


def moved(answer):
    net = answer.Stack(2, 3).double()
    with Linears() as seen, torch.no_grad():
        try:
            net(whole(1, 2, dtype=torch.float64))
        except RuntimeError:
            pass
    same([weight.dtype for weight, _ in seen.used], [torch.float64] * 4)


def learned(answer):
    net = answer.Stack(2, 3)
    with torch.enable_grad():
        net(whole(4, 2)).sum().backward()
    without = [name for name, p in net.named_parameters() if p.grad is None]
    holds(not without, "[]", without)


CHECKS = (computes, found, own_weights, learned, moved)
