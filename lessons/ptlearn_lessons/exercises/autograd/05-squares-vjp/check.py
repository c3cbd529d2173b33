from unittest import mock

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ptlearn_lessons.checking import holds, same, whole


class Sizes(TorchDispatchMode):
    """The most entries that any tensor made in the block has."""

    most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.most = max(self.most, made.numel())
        return made


def truth(v, x):
    with torch.enable_grad():
        leaf = x.clone().requires_grad_()
        (leaf**2).backward(v)
    return leaf.grad


def compare(answer, v, x):
    got = answer.vjp(v.clone(), x.clone())
    wrong_shape = isinstance(got, torch.Tensor) and got.dim() != 1
    same(got, truth(v, x), says="one_number" if wrong_shape else "", v=v, x=x)


def ones(answer):
    compare(answer, torch.ones(2), torch.tensor([2.0, 3.0]))


def weights(answer):
    compare(answer, torch.tensor([1.0, 0.5]), torch.tensor([2.0, 3.0]))
    compare(answer, whole(2), whole(2))


def length(answer):
    for n in (3, 5, 1):
        compare(answer, whole(n), whole(n))


def unchanged(answer):
    v, x = whole(3, low=1), whole(3, low=2)
    kept = v.clone(), x.clone()
    answer.vjp(v, x)
    same(v, kept[0], v=kept[0], x=kept[1])
    same(x, kept[1], v=kept[0], x=kept[1])


def table(answer):
    n = 50
    v, x = whole(n), whole(n)
    with Sizes() as seen:
        answer.vjp(v, x)
    holds(seen.most < n * n, f"≤ {n}", seen.most)


def by_hand(answer):
    v, x = whole(3), whole(3)
    with (
        mock.patch("torch.autograd.backward", wraps=torch.autograd.backward) as backward,
        mock.patch("torch.autograd.grad", wraps=torch.autograd.grad) as grad,
    ):
        answer.vjp(v, x)
    calls = backward.call_count + grad.call_count
    holds(calls == 0, "0", calls)


CHECKS = (ones, weights, length, unchanged, table, by_hand)
