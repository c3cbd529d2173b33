"""What stands beside a line: short, true, and never the learner's own code."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from ptlearn_tui.introspect.values import Shown, bounded_repr, number_text, show


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (27.0, "27.0"), (2.25, "2.25"), (0.1 + 0.2, "0.3"), (1 / 3, "0.33333"), (61706, "61706"), (1e-8, "1e-08"),
        (12345.678, "12345.7"), (100000.0, "100000.0"), (-0.0, "-0.0"), (math.nan, "nan"), (-math.inf, "-inf"),
        (True, "True"), (2 + 1j, "(2+1j)"), (1e30, "1e+30"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: complex, text: str) -> None:
    assert number_text(value) == text


def leaf() -> torch.Tensor:
    return torch.ones(2, 2, requires_grad=True)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (leaf(), Shown("tensor", [2, 2], "float32", "leaf", "1.0")),
        (leaf() * 3, Shown("tensor", [2, 2], "float32", "mul", "3.0")),
        (torch.tensor([1, 2]), Shown("tensor", [2], "int64", None, "")),
        (torch.tensor(True), Shown("tensor", [], "bool", None, "True")),
        (torch.empty(0, 3), Shown("tensor", [0, 3], "float32", None, "")),
        (torch.full((3,), math.nan), Shown("tensor", [3], "float32", None, "")),
        (torch.ones(2, device="meta"), Shown("tensor", [2], "float32", None, "")),
        (torch.nn.Linear(2, 3), Shown("module", text="Linear 9")),
        (torch.nn.ReLU(), Shown("module", text="ReLU")),
        (3, Shown("number", dtype="int", text="3")),
        (None, Shown("other", text="None")),
        ("word", Shown("other", text="'word'")),
        ("x" * 999, Shown("other", text="'" + "x" * 198 + "…")),
        ([1, 2], Shown("other", text="2 items")),
        ((4, 4), Shown("other", text="(4, 4)")),
        (torch.Size([3]), Shown("other", text="(3,)")),
        ({"a": 1}, Shown("other", text="1 item")),
        (torch.float32, Shown("other", text="torch.float32")),
        (len, Shown("other", text="")),
        (torch, Shown("other", text="")),
    ],
    ids=str,
)
def test_what_stands_beside_a_line(value: object, shown: Shown) -> None:
    assert show(value) == shown


def test_a_tensor_that_is_not_to_be_read_has_no_value() -> None:
    assert show(torch.tensor(2.0), read=False) == Shown("tensor", [], "float32", None, "")


class Touchy:
    """Raises at whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)

    def __len__(self) -> int:
        raise AssertionError

    def __repr__(self) -> str:
        raise AssertionError


def test_the_learners_own_methods_are_not_run() -> None:
    assert show(Touchy()) == Shown("other", text="Touchy")


def test_what_runs_under_vmap_is_described_but_not_read() -> None:
    seen: list[Shown] = []
    torch.vmap(lambda row: (seen.append(show(row)), row)[1])(torch.ones(3, 2))
    assert seen == [Shown("tensor", [2], "float32", None, "")]


@pytest.mark.parametrize(
    "value",
    [[1, 2], [], (1,), {"a": [1, (2, 3)], 4: {5}}, "word", set(), [torch.ones(2)], {"x": torch.ones(1)}, 3.5, None],
    ids=str,
)
def test_small_values_keep_pythons_own_repr(value: object) -> None:
    assert bounded_repr(value) == repr(value)


def test_large_values_are_cut() -> None:
    for value in ("x" * 10**7, list(range(10**6)), {n: n for n in range(10**5)}, torch.zeros((6,) * 8)):
        assert len(bounded_repr(value)) <= 4_000
    itself: list[Any] = []
    itself.append(itself)
    assert "[...]" in bounded_repr(itself)


def test_a_parameter_without_a_size_yet_has_a_repr() -> None:
    assert bounded_repr(torch.nn.LazyLinear(3).weight) == "<UninitializedParameter>"
