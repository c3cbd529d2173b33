"""What an exercise's `check.py` is written with: inputs from small to large, comparisons that keep what they saw.

A check is a function of the learner's answer (`answer.name` is what their code bound to `name`). It returns where all
is well, and raises `Mismatch` at the first input that fails, so inputs that grow make that the smallest one.
Randomness is torch's own, seeded by whoever runs the checks.
"""

from __future__ import annotations

import itertools
import math
import time
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Mismatch(AssertionError):
    """The answer is wrong: for which inputs, what was expected there, and what came.

    `says` names the message, of those that the exercise's `en.md` lists; empty: that of the check itself.
    """

    def __init__(self, expected: object, got: object, *, says: str = "", inputs: dict[str, object]) -> None:
        super().__init__(says)
        self.expected, self.got, self.says, self.inputs = expected, got, says, inputs


class Answer:
    """What the learner's code has bound, as attributes. Raises `Missing`."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        if name not in self._namespace or self._namespace[name] is ...:
            raise Missing(name)
        return self._namespace[name]


class Missing(AttributeError):
    """The learner's code binds no such name, or has `...` there still."""


def same(got: object, expected: object, *, says: str = "", **inputs: object) -> None:
    """Of two tensors: shape, dtype, and values as `torch.testing.assert_close` has it; else equality.

    Floats may differ by a millionth. A tensor is no number and a list is no tuple. Raises `Mismatch`.
    """
    if not _same(got, expected):
        raise Mismatch(expected, got, says=says, inputs=inputs)


def holds(true: object, expected: str, got: object, *, says: str = "", **inputs: object) -> None:
    """For what is no comparison of values: `expected` in a few words or as code. Raises `Mismatch`."""
    if not true:
        raise Mismatch(_Words(expected), got, says=says, inputs=inputs)


class _Words(str):
    """Shown as it is, not as a string's repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _same(got: object, expected: object) -> bool:
    if isinstance(expected, torch.Tensor):
        if not isinstance(got, torch.Tensor) or got.shape != expected.shape or got.dtype != expected.dtype:
            return False
        try:
            torch.testing.assert_close(got.detach(), expected.detach(), equal_nan=True, check_stride=False)
        except AssertionError:
            return False
        return True
    if isinstance(expected, (list, tuple)) and not isinstance(expected, torch.Size):
        if not isinstance(got, type(expected)) or len(got) != len(expected):
            return False
        return all(map(_same, got, expected))
    if isinstance(expected, float) and isinstance(got, (int, float)) and not isinstance(got, bool):
        return math.isclose(got, expected, rel_tol=1e-6, abs_tol=1e-6) or (math.isnan(got) and math.isnan(expected))
    if isinstance(got, torch.Tensor) or isinstance(got, bool) != isinstance(expected, bool):
        return False
    return bool(got == expected)


def sizes(rank: int, most: int = 4) -> Iterator[tuple[int, ...]]:
    """Shapes of `rank` dimensions of 1 to `most`, from the fewest elements on: (1, 1), (1, 2), (2, 1), …"""
    every = itertools.product(range(1, most + 1), repeat=rank)
    yield from sorted(every, key=lambda shape: (math.prod(shape), shape))


def whole(*shape: int, low: int = -4, high: int = 4, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Random whole numbers, low and high among them: they are read at a glance, and sums of them are exact."""
    return torch.randint(low, high + 1, shape).to(dtype)


def times_faster(candidate: Callable[..., object], slow: Callable[..., object], *inputs: object, least: float) -> None:
    """At least so many times as fast as `slow`, both timed here, in turns, the best of each. Raises `Mismatch`.

    With one thread each: on a busy machine an operation may wait long for its second.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        once = _seconds(slow, inputs)
        best = min(_seconds(candidate, inputs) for _ in range(20))
        once = min(once, _seconds(slow, inputs), _seconds(slow, inputs))
    finally:
        torch.set_num_threads(threads)
    if once < least * best:
        words = _Words(f"{once / best:.1f}×")
        raise Mismatch(_Words(f"≥ {least:g}×"), words, says="slow", inputs={})


def _seconds(function: Callable[..., object], inputs: tuple[object, ...]) -> float:
    began = time.perf_counter()
    function(*inputs)
    return time.perf_counter() - began
