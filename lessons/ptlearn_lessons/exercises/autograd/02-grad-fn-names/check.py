import torch

from ptlearn_lessons.checking import holds, same


def tensors():
    with torch.enable_grad():
        x = torch.ones(2, 2, requires_grad=True)
        h = x * 2
        h += 1
        found = {"x": x, "a": x - 2, "b": x * 3 * 3, "c": (x + 2) / 2, "d": -(x**2)}
        return {**found, "e": x.sum(), "f": x.sum(0), "g": x.detach() + 2, "h": h}


def ask(answer, name, counted=""):
    tensor = tensors()[name]
    node = tensor.grad_fn
    right = node.name() if node is not None else None
    told = answer.name.get(name, ...)
    holds(told is None or isinstance(told, str), '"…Backward0" / None', told, says="blank", name=name)
    says = ""
    if right and told == right.rstrip("0123456789"):
        says = "digit"
    elif counted and told == counted:
        says = "counted"
    same(told, right, says=says, **{name: tensor})


def last(answer):
    ask(answer, "a")
    ask(answer, "b", counted="MulBackward1")
    ask(answer, "c")


def minus(answer):
    ask(answer, "d")


def variant(answer):
    ask(answer, "e")
    ask(answer, "f")


def none(answer):
    ask(answer, "x")
    ask(answer, "g")


def in_place(answer):
    ask(answer, "h")


CHECKS = (last, minus, variant, none, in_place)
