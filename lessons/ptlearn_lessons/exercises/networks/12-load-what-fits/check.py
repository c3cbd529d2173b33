from collections import OrderedDict

import torch
from torch import nn

from ptlearn_lessons.checking import holds, same


def layers(**named):
    return nn.Sequential(OrderedDict(named))


def state_of(net):
    """Copies, so that nothing is shared with that net."""
    return OrderedDict((name, value.clone()) for name, value in net.state_dict().items())


def shapes(state):
    return {name: tuple(value.shape) for name, value in state.items()}


def run(answer, net, state):
    """What it returns. The errors of a straight attempt have messages of their own."""
    with torch.enable_grad():
        try:
            return answer.load_fitting(net, state)
        except RuntimeError as error:
            text = str(error)
            says = "strict" if "loading state_dict" in text else ""
            says = "recorded" if "leaf" in text and "in-place" in text else says
            says = "shape" if "must match" in text or "invalid for input" in text else says
            holds(not says, "[…]", error, says=says, net=shapes(net.state_dict()), state=shapes(state))
            raise


def loaded(net, expected, says=""):
    own = net.state_dict()
    for name, value in expected.items():
        if not torch.equal(own[name], value):
            same(own[name], value, says=says, entry=name)


def listed(got, skipped, state, lacking=()):
    """The names, whatever their order: that has a check of its own."""
    names = list(got) if isinstance(got, (list, tuple, set)) else got
    if not isinstance(names, list) or set(names) != set(skipped):
        other = isinstance(names, list) and lacking and set(names) == set(lacking)
        same(names, skipped, says="other_way" if other else "", state=shapes(state))


def all_fits(answer):
    for make in (lambda: nn.Linear(1, 1), lambda: layers(a=nn.Linear(2, 3), b=layers(c=nn.Linear(3, 1)))):
        net, state = make(), state_of(make())
        before = state_of(net)
        got = run(answer, net, state)
        kept = all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
        loaded(net, state, says="dict_only" if kept else "")
        listed(got, [], state)


def unknown(answer):
    net = layers(body=nn.Linear(2, 2), head=nn.Linear(2, 1))
    state = state_of(layers(body=nn.Linear(2, 2), tail=nn.Linear(2, 3)))
    before = state_of(net)
    got = run(answer, net, state)
    loaded(net, {"body.weight": state["body.weight"], "body.bias": state["body.bias"]})
    loaded(net, {"head.weight": before["head.weight"], "head.bias": before["head.bias"]})
    listed(got, ["tail.weight", "tail.bias"], state, lacking=["head.weight", "head.bias"])


def shape(answer):
    make = (lambda n: layers(body=nn.Linear(2, 2), head=nn.Linear(2, n), more=nn.Linear(1, 1)))
    net, state = make(3), state_of(make(10))
    before = state_of(net)
    got = run(answer, net, state)
    loaded(net, {name: value for name, value in state.items() if "head" not in name})
    loaded(net, {name: value for name, value in before.items() if "head" in name})
    listed(got, ["head.weight", "head.bias"], state)
    net, state = nn.Linear(2, 3, bias=False), state_of(nn.Linear(3, 2, bias=False))
    before = state_of(net)
    got = run(answer, net, state)
    loaded(net, before, says="numel")
    listed(got, ["weight"], state)


def broadcast(answer):
    net, state = nn.Linear(3, 4), state_of(nn.Linear(3, 1))
    before = state_of(net)
    got = run(answer, net, state)
    loaded(net, before)
    listed(got, ["weight", "bias"], state)


def buffers(answer):
    net, other = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    with torch.no_grad():
        other(torch.randn(4, 2) + 5)
    state = state_of(other)
    got = run(answer, net, state)
    loaded(net, state)
    listed(got, [], state)


def parameters(answer):
    net, state = layers(a=nn.Linear(2, 2), b=nn.BatchNorm1d(2)), state_of(layers(a=nn.Linear(2, 2), b=nn.BatchNorm1d(2)))
    before = dict(net.named_parameters())
    run(answer, net, state)
    for name, p in net.named_parameters():
        holds(p is before.get(name), "p is before", p, parameter=name)
        holds(p.requires_grad and p.is_leaf, "requires_grad, is_leaf", p, parameter=name)
    same([name for name, _ in net.named_parameters()], list(before))


def copied(answer):
    net, state = nn.Linear(2, 2), state_of(nn.Linear(2, 2))
    run(answer, net, state)
    expected = state_of(net)
    for value in state.values():
        value.add_(1)
    loaded(net, expected)


def unchanged(answer):
    net = layers(body=nn.Linear(2, 2), head=nn.Linear(2, 3))
    state = state_of(layers(body=nn.Linear(2, 2), head=nn.Linear(2, 1), tail=nn.Linear(1, 1)))
    kept = OrderedDict((name, value.clone()) for name, value in state.items())
    run(answer, net, state)
    same(list(state), list(kept))
    for name, value in kept.items():
        same(state[name], value, entry=name)


def order(answer):
    net = layers(b=nn.Linear(2, 2))
    state = state_of(layers(z=nn.Linear(1, 1), b=nn.Linear(2, 3), a=nn.Linear(1, 1), c=nn.Linear(1, 1)))
    got = run(answer, net, state)
    same(got, list(state), state=list(state))


CHECKS = (all_fits, unknown, shape, broadcast, buffers, parameters, copied, unchanged, order)
