import torch

from ptlearn_lessons.checking import holds, same

EXPRESSIONS = {
    "a": lambda x: x[1],
    "b": lambda x: x[[1]],
    "c": lambda x: x.T,
    "d": lambda x: x.reshape(4, 3),
    "e": lambda x: x.T.reshape(3, 4),
    "f": lambda x: x.to(torch.float32),
    "g": lambda x: x[x >= 0],
    "h": lambda x: torch.from_numpy(x.numpy()),
}


def ask(answer, *names):
    for name in names:
        told = answer.shares.get(name, ...)
        holds(isinstance(told, bool), "True / False", told, says="blank", name=name)
        x = torch.arange(12.0).view(3, 4)
        result = EXPRESSIONS[name](x)
        result.fill_(99)
        same(told, bool((x == 99).any()), **{name: result}, x=x)


def row(answer):
    ask(answer, "a", "b")


def transposed(answer):
    ask(answer, "c")


def reshaped(answer):
    ask(answer, "d", "e")


def converted(answer):
    ask(answer, "f", "h")


def mask(answer):
    ask(answer, "g")


CHECKS = (row, mask, transposed, reshaped, converted)
