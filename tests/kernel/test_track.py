"""``track()`` draws curves from a cell, and is nothing at all in a script."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch

from ptlearn_tui.events import Error, Metric

from .cells import Cells

if TYPE_CHECKING:
    from ptlearn_tui.kernel.client import Kernel

LOOP = """\
from ptlearn_tui import track
import torch
w = torch.ones(1, requires_grad=True)
for epoch in range(3):
    loss = (w * epoch).sum()
    loss.backward()
    track(loss=loss, accuracy=epoch / 2)
    if epoch % 2:
        track(odd=torch.tensor([epoch]), size=True)
"""


@pytest.fixture
def cells() -> Cells:
    return Cells()


def points(events: list[Metric]) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events:
        found.setdefault(event.name, []).append((event.step, float(event.value)))
    return found


def test_a_cell_in_a_kernel_gives_its_named_series(kernel: Kernel) -> None:
    expected = {
        "loss": [(1, 0.0), (2, 1.0), (3, 2.0)],  # once, though backward() shows it too
        "accuracy": [(1, 0.0), (2, 0.5), (3, 1.0)],
        "odd": [(1, 1.0)],
        "size": [(1, 1.0)],
    }
    for cell in range(2):
        events = [event for event in kernel.run(cell, LOOP) if isinstance(event, Metric)]
        assert points(events) == expected
        assert {event.cell for event in events} == {cell}


def test_a_lot_of_points_comes_whole_whatever_is_in_it(kernel: Kernel) -> None:
    source = (
        "from ptlearn_tui import track\nfor i in range(3000):\n    track(**{'a\\nb': float('nan') if i == 9 else i})"
    )
    (found,) = points([event for event in kernel.run(0, source) if isinstance(event, Metric)]).items()
    assert found[0] == "a\nb" and [step for step, _ in found[1]] == [*range(1, 3001)]
    assert str(found[1][9]) == "(10, nan)" and found[1][-1] == (3000, 2999.0)


def test_a_script_with_it_runs_without_torch(cells: Cells) -> None:
    script = "from ptlearn_tui import track\ntrack(loss=object())\nimport sys\n"
    script += "sys.exit(any(name in sys.modules for name in ('torch', 'textual', 'msgspec')))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    cells.run("from ptlearn_tui import track")
    cells.namespace["track"](after=1)  # the cell has ended
    assert not cells.of(Metric)


def test_a_name_that_backward_has_told_already_gets_a_number(cells: Cells) -> None:
    cells.run(
        "from ptlearn_tui import track\nimport time\nw = torch.ones(1, requires_grad=True)\n"
        "for _ in range(3):\n    loss = w.sum()\n    loss.backward()\n    time.sleep(0.06)\ntrack(loss=7)"
    )
    assert points(cells.of(Metric)) == {"loss": [(1, 1.0), (2, 1.0), (3, 1.0)], "loss 2": [(1, 7.0)]}


def test_tracked_before_backward_it_is_one_curve_too(cells: Cells) -> None:
    cells.run(
        "from ptlearn_tui import track\nw = torch.ones(1, requires_grad=True)\n"
        "for _ in range(2):\n    loss = w.sum()\n    track(loss=loss.detach() + 1)\n    loss.backward()"
    )
    assert points(cells.of(Metric)) == {"loss": [(1, 2.0), (2, 2.0)]}


@pytest.mark.parametrize("value", ["torch.ones(2, 3)", "'1'", "[1]", "None"])
def test_what_is_not_one_number_is_said_so(cells: Cells, value: str) -> None:
    cells.run(f"from ptlearn_tui import track\ntrack(loss={value})")
    (error,) = cells.of(Error)
    assert error.kind == "TypeError" and error.message.startswith("track(loss=…) takes one number, not ")
    assert error.line == 2 and "ptlearn_tui" not in error.traceback


def test_what_pytorch_can_not_read_here_is_left_out(cells: Cells) -> None:
    cells.run(
        "from ptlearn_tui import track\nimport numpy as np\ntrack(a=torch.ones(1, device='meta'), b=np.float32(2))\n"
        "track(b=float('nan'))\ntorch.vmap(lambda x: (track(c=x), x)[1])(torch.ones(3))"
    )
    assert cells.done().ok
    assert str(points(cells.of(Metric))) == "{'b': [(1, 2.0), (2, nan)]}"


def test_no_step_waits_for_a_device(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the CPU passes for one: what it has done is read in lots, and not loss by loss."""
    read, item = [], torch.Tensor.item
    monkeypatch.setattr(torch.Tensor, "is_cpu", False)
    monkeypatch.setattr(torch.Tensor, "item", lambda self: (read.append(1), item(self))[1])
    cells.run(
        "x = torch.tensor(3.0, requires_grad=True)\n"
        "for step in range(1, 2001):\n"
        "    loss = x * step\n"
        "    loss.backward()\n"
        "    with torch.no_grad():\n"
        "        loss.fill_(-1.0)\n"
    )
    assert points(cells.of(Metric)) == {"loss": [(step, 3.0 * step) for step in range(1, 2001)]}
    assert len(read) < 500, "of the lines that are shown"
