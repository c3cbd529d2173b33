import torch

from ptlearn_lessons.checking import holds, same, whole


def squares(x):
    return (x**2).sum()


def fours(x):
    return (4 * x).sum()


def cubes(x):
    return (x**3).sum()


SLOPES = {squares: lambda x: 2 * x, fours: lambda x: torch.full_like(x, 4), cubes: lambda x: 3 * x**2}


def truth(functions, x):
    return [SLOPES[function](x.detach()) for function in functions]


def numbers():
    return whole(2, low=3, high=6).requires_grad_()


def listed(got, functions):
    holds(isinstance(got, (list, tuple)) and len(got) == len(functions), f"{len(functions)} × tensor", got)
    return list(got)


def first(answer):
    x = numbers()
    (got,) = listed(answer.gradients([squares], x), [squares])
    says = "emptied" if isinstance(got, torch.Tensor) and not got.any() else ""
    same(got, 2 * x.detach(), says=says, x=x)


def second(answer):
    for functions in ([squares, squares], [squares, fours], [squares, fours, cubes]):
        x = numbers()
        got = listed(answer.gradients(functions, x), functions)
        same(got[-1], truth(functions, x)[-1], x=x)


def all_kept(answer):
    functions = [squares, fours, cubes]
    x = numbers()
    got = listed(answer.gradients(functions, x), functions)
    says = "one_tensor" if got[0] is got[1] else ""
    same(got, truth(functions, x), says=says, x=x)


def before(answer):
    x = numbers()
    x.grad = torch.full_like(x, 10)
    same(listed(answer.gradients([fours], x), [fours]), truth([fours], x), x=x)


CHECKS = (first, second, all_kept, before)
