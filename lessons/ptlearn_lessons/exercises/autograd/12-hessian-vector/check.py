import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ptlearn_lessons.checking import holds, same, times_faster, whole


class Sizes(TorchDispatchMode):
    """The most entries that any tensor made in the block has."""

    most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.most = max(self.most, made.numel())
        return made


def sum_of_cubes(x):
    return (x**3).sum()


def neighbours(x):
    return (x[:-1] * x[1:] ** 2).sum() + x[0] ** 3


def truth(f, x, v):
    return torch.autograd.functional.hessian(f, x) @ v


def row_by_row(f, x, v):
    x = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(f(x), x, create_graph=True)
    return torch.stack([torch.autograd.grad(each, x, retain_graph=True)[0] @ v for each in slope])


def compare(answer, f, x, v):
    try:
        got = answer.hvp(f, x.clone(), v.clone())
    except RuntimeError as error:
        holds("does not require grad" not in str(error), "H @ v", error, says="recorded", x=x, v=v)
        raise
    expected = truth(f, x, v)
    number = isinstance(got, torch.Tensor) and got.dim() == 0
    close = isinstance(got, torch.Tensor) and got.shape == x.shape and got.allclose(expected, rtol=0.01, atol=0.5)
    same(got, expected, says="one_number" if number else "exact" if close else "", x=x, v=v)


def cubes(answer):
    compare(answer, sum_of_cubes, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))
    compare(answer, sum_of_cubes, whole(3, low=1), whole(3, low=2))


def mixed(answer):
    compare(answer, neighbours, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))
    compare(answer, neighbours, whole(4, low=1), whole(4, low=1))


def unchanged(answer):
    x, v = whole(2, low=1), whole(2, low=1)
    kept = x.clone(), v.clone()
    answer.hvp(neighbours, x, v)
    same([x, v], list(kept), x=kept[0], v=kept[1])
    holds(not x.requires_grad, "x.requires_grad == False", x, x=kept[0])
    holds(x.grad is None, "x.grad is None", x.grad, x=kept[0])


def others(answer):
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    answer.hvp(lambda x: (w * x**3).sum(), whole(2, low=1), whole(2, low=1))
    holds(w.grad is None, "w.grad is None", w.grad, f="(w * x ** 3).sum()")


def table(answer):
    n = 40
    x, v = whole(n), whole(n)
    with Sizes() as seen:
        answer.hvp(neighbours, x, v)
    holds(seen.most < n * n, f"≤ {2 * n}", seen.most, n=n)


def fast(answer):
    x, v = whole(200), whole(200)
    times_faster(lambda: answer.hvp(neighbours, x, v), lambda: row_by_row(neighbours, x, v), least=10)


CHECKS = (cubes, mixed, unchanged, others, table, fast)
