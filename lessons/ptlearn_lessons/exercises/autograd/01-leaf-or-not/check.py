import torch

from ptlearn_lessons.checking import holds, same


def tensors():
    with torch.enable_grad():
        a = torch.ones(2)
        b = torch.ones(2, requires_grad=True)
        c = b * 2
        d = a * 2
        e = torch.ones(2, requires_grad=True) * 0.1
        f = (torch.ones(2) * 0.1).requires_grad_()
        g = c.detach()
        h = b.clone()
        (a + b + c + d + e + f + g + h).sum().backward()
    return {"a": a, "b": b, "c": c, "d": d, "e": e, "f": f, "g": g, "h": h}


def told(answer, name):
    value = answer.leaf.get(name, ...)
    holds(isinstance(value, bool), "True / False", value, says="blank", name=name)
    return value


def ask(answer, *names):
    real = tensors()
    for name in names:
        same(told(answer, name), real[name].is_leaf, **{name: real[name]})


def made(answer):
    ask(answer, "a", "b")


def recorded(answer):
    ask(answer, "c", "h")


def unrecorded(answer):
    ask(answer, "d", "g")


def scaled(answer):
    ask(answer, "e", "f")


def filled(answer):
    told_names = answer.filled
    holds(isinstance(told_names, (set, frozenset, list, tuple)), '{"a", …}', told_names, says="names")
    real = tensors()
    leaves = {name for name, tensor in real.items() if tensor.is_leaf}
    kept = {name for name in leaves if real[name].grad is not None}
    names = set(told_names)
    says = "on_the_way" if names - leaves else "all_leaves" if names - kept else ""
    same(sorted(names, key=str), sorted(kept), says=says)


CHECKS = (made, recorded, unrecorded, scaled, filled)
