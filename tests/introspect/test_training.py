"""backward() is noticed once, from outside, and curves are told whole and in order."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import torch

from ptlearn_tui.introspect.curves import DEVICE_LOT, LOT, Curves
from ptlearn_tui.introspect.training import CallSite, noticing

if TYPE_CHECKING:
    from types import FrameType

    from ptlearn_tui.events import Metric


class Seen:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.clock = lambda: 0.0
        self.sites: dict[tuple[int, int], CallSite] = {}

    def before(self, root: torch.Tensor, loss: torch.Tensor | None, caller: FrameType) -> Any:
        self.told.append((caller.f_code.co_name, None if loss is None else loss.item()))
        return root.grad_fn is None or root.grad_fn.name()

    def after(self, token: Any) -> None:
        self.told.append(token)

    def stepped(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        self.told.append(type(optimizer).__name__)


def test_the_caller_the_loss_and_the_end_are_told() -> None:
    seen = Seen()
    x = torch.ones(2, requires_grad=True)
    with noticing(seen):
        (x * 2).sum().backward()
        torch.autograd.backward([(x * 3).mean()])
        (x * 2).backward(torch.ones(2))
        with pytest.raises(RuntimeError):
            (x * 2).backward()
    (x * 2).sum().backward()
    here = "test_the_caller_the_loss_and_the_end_are_told"
    assert seen.told == [
        (here, 4.0), "SumBackward0", (here, 3.0), "MeanBackward0", (here, None), "MulBackward0", (here, None)
    ]  # fmt: skip


def test_other_threads_and_other_times_are_not_noticed() -> None:
    seen = Seen()
    x = torch.ones(2, requires_grad=True)
    with noticing(seen):
        kept = torch.autograd.backward
        thread = threading.Thread(target=lambda: x.sum().backward())
        thread.start()
        thread.join()
    kept(x.sum())
    assert not seen.told
    assert x.grad is not None and x.grad.tolist() == [2.0, 2.0]


def test_points_come_in_lots_and_all_of_them_come() -> None:
    told: list[Metric] = []
    curves = Curves(lambda *lots: told.extend(point for lot in lots for point in lot.metrics()), 0)
    one, two = curves.series("loss"), curves.series("loss")
    assert (one.name, two.name) == ("loss", "loss 2")
    for step in range(1, 101):
        curves.add(one, torch.tensor(float(step)), step * LOT / 10)
    assert 80 <= len(told) < 100, "the last lot still waits"
    curves.add(two, torch.tensor(1.0), 100 * LOT)
    curves.flush()
    assert [(point.name, point.step, point.value) for point in told] == [("loss", n, float(n)) for n in range(1, 101)]
    curves.add(two, torch.tensor(float("nan")), 101 * LOT)
    curves.flush()
    assert [(point.name, point.step) for point in told[100:]] == [("loss 2", 1), ("loss 2", 2)]


def test_what_stands_on_a_device_is_read_in_one_transfer() -> None:
    curves = Curves(lambda *points: None, 0)
    series = curves.series("loss")
    series.waiting = [1.0, torch.tensor(2.0), torch.tensor(3.0), 4.0]  # as a net leaves it that was moved
    assert series.take() == [1.0, 2.0, 3.0, 4.0] and series.waiting == []
    assert DEVICE_LOT > LOT


def test_what_a_device_that_has_failed_cannot_give_is_left_out() -> None:
    """A tensor without memory stands for it."""
    series = Curves(lambda *points: None, 0).series("loss")
    series.waiting = [1.0, torch.empty((), device="meta"), 2.0]
    assert series.take() == [1.0, 2.0] and series.waiting == []


def test_a_loss_that_cannot_be_read_is_left_out() -> None:
    curves = Curves(lambda *points: None, 0)
    series = curves.series("loss")
    curves.add(series, torch.tensor(1 + 2j), 0.0)
    curves.add(series, torch.empty((), device="meta"), 0.0)
    assert not series.waiting
