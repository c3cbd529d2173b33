import itertools
import math
from functools import cache

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ptlearn_lessons.checking import holds, same


class Convolutions(TorchFunctionMode):
    """How many are run in the block."""

    count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += "conv" in getattr(func, "__name__", "")
        return func(*args, **(kwargs or {}))


@cache
def truth(n, kernel, stride=1, padding=0, dilation=1):
    layer = nn.Conv2d(1, 1, kernel, stride, padding, dilation, device="meta")
    return layer(torch.empty(1, 1, n, n, device="meta")).shape[2]


def mistake(got, n, kernel, stride=1, padding=0, dilation=1):
    if isinstance(got, bool) or not isinstance(got, (int, float)):
        return ""
    reach = dilation * (kernel - 1) + 1
    right = (n + 2 * padding - reach) // stride + 1
    if isinstance(got, float) and math.floor(got) == right:
        return "not_int"
    if got == right - 1 and (stride, padding, dilation) == (1, 0, 1):
        return "one_off"
    if padding and got == (n + padding - reach) // stride + 1:
        return "one_side"
    if stride > 1 and got == math.ceil((n + 2 * padding - reach) / stride) + 1:
        return "rounded_up"
    if stride > 1 and got == (n + 2 * padding - reach + 1) // stride:
        return "divided_places"
    if dilation > 1 and got == (n + 2 * padding - dilation * kernel) // stride + 1:
        return "times"
    return ""


def compare(answer, n, kernel, **options):
    got = answer.out_size(n, kernel, **options)
    expected = truth(n, kernel, **options)
    says = mistake(got, n, kernel, **options)
    same(got, expected, says=says, n=n, kernel=kernel, **options)
    holds(isinstance(got, int), f"{expected}", got, says="not_int", n=n, kernel=kernel, **options)


def plain(answer):
    for n in range(1, 7):
        for kernel in range(1, n + 1):
            compare(answer, n, kernel)


def padding(answer):
    for n, kernel, added in itertools.product(range(3, 6), (1, 2, 3), (1, 2)):
        compare(answer, n, kernel, padding=added)


def stride(answer):
    for n, kernel, step in itertools.product(range(5, 10), (1, 3, 5), (2, 3)):
        compare(answer, n, kernel, stride=step)


def dilation(answer):
    for n, kernel, spread in itertools.product(range(7, 10), (3, 1, 2), (2, 3)):
        compare(answer, n, kernel, dilation=spread)


def by_hand(answer):
    with Convolutions() as seen:
        answer.out_size(8, 3, stride=2, padding=1)
    holds(seen.count == 0, "0", seen.count)


def grid(answer):
    every = itertools.product((1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2, 3))
    for at, (kernel, step, added, spread) in enumerate(every):
        for n in (7, 28) if at % 2 else (8, 13):
            if n + 2 * added > spread * (kernel - 1):
                compare(answer, n, kernel, stride=step, padding=added, dilation=spread)


CHECKS = (plain, padding, stride, dilation, by_hand, grid)
