import copy

import torch
from torch import nn

from ptlearn_lessons.checking import holds, same, whole

RECORDED = []  # whether grad mode was on, in each pass


class Probe(nn.Module):
    def forward(self, x):
        RECORDED.append(torch.is_grad_enabled())
        return x


def network():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Sequential(Probe(), nn.Linear(3, 2)))
    with torch.enable_grad():
        for _ in range(3):
            net(torch.randn(8, 2) + 1)
    RECORDED.clear()
    return net


def truth(net, x):
    net = copy.deepcopy(net).eval()
    with torch.no_grad():
        return net(x)


def run(answer, net, x):
    """With the grad mode on, and as it was afterwards, whatever the answer does to it."""
    with torch.enable_grad():
        return answer.predict(net, x)


def modes(net):
    return {name or "net": module.training for name, module in net.named_modules()}


def values(answer):
    for training in (False, True):
        net = network().train(training)
        for n in (2, 4):
            x = whole(n, 2)
            expected = truth(net, x)
            same(run(answer, net, x.clone()), expected, x=x, training=training)


def no_graph(answer):
    net, x = network().eval(), whole(2, 2)
    RECORDED.clear()
    got = run(answer, net, x)
    holds(isinstance(got, torch.Tensor) and not got.requires_grad, "requires_grad == False", got, x=x)
    holds(not any(RECORDED), "False", True, says="built", forward="torch.is_grad_enabled()", x=x)


def statistics(answer):
    net = network().train()
    before = {name: value.clone() for name, value in net.named_buffers()}
    run(answer, net, whole(4, 2) + 3)
    for name, value in net.named_buffers():
        same(value, before[name], buffer=name)


def mode(answer):
    for training in (True, False):
        net = network().train(training)
        run(answer, net, whole(2, 2))
        says = "always_train" if net.training and not training else ""
        holds(net.training == training, f"{training}", net.training, says=says, before=training)


def frozen(answer):
    for root in (True, False):
        net = network().train(root)
        net[1].train(not root)
        net[3][1].train(not root)
        before = modes(net)
        run(answer, net, whole(2, 2))
        same(modes(net), before)


def parameters(answer):
    net = network()
    net[0].bias.requires_grad_(False)
    before = {name: p.requires_grad for name, p in net.named_parameters()}
    run(answer, net, whole(2, 2))
    same({name: p.requires_grad for name, p in net.named_parameters()}, before)


def grad_mode(answer):
    for on in (True, False):
        with torch.set_grad_enabled(on):
            answer.predict(network(), whole(2, 2))
            holds(torch.is_grad_enabled() == on, f"{on}", torch.is_grad_enabled())


def raised(answer):
    net = network().train()
    before = modes(net)
    with torch.enable_grad():
        try:
            answer.predict(net, whole(2, 5))
        except RuntimeError:
            pass
        same(modes(net), before, x="(2, 5)")
        holds(torch.is_grad_enabled(), "True", torch.is_grad_enabled(), says="grad_mode")


CHECKS = (values, no_graph, statistics, mode, frozen, parameters, grad_mode, raised)
