"""t runs a cell statement by statement: where it stands, what changed, and on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .pages import ended, open_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CELL = "import torch\nx = torch.ones(4)\ny = x.view(2, 2)\nfor i in range(50):\n    y += i\ntotal = y.sum()"


async def test_t_stands_after_each_statement_and_says_what_changed(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, CELL)
        record = screen.session.records[0]
        for line in (1, 2, 3):
            await bench.press("t")
            await bench.until(f"stands after line {line}")
        await bench.until("x = y")  # one storage
        assert any(row.startswith("▌▸3") for row in bench.lines)
        assert "total" not in record.lines
        await bench.press("t")
        await bench.until("stands after line 5")
        await bench.press("l")
        await bench.until("stands after line 4")
        assert record.lines[5].times == 50
        await bench.press("enter")
        await bench.until(ended(record))
        assert record.state == "ran"
        assert record.lines[6].text == "4904.0"
        assert "stands after" not in bench.text


async def test_ctrl_c_stops_where_it_stands_and_variables_are_there(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "a = 1\nb = 2", "print(a)")
        await bench.press("t")
        await bench.until("stands after line 1")
        await bench.until("ctrl+c stop")
        await bench.press("ctrl+c")
        await bench.until(ended(screen.session.records[0]))
        assert screen.session.records[0].state == "interrupted"
        await bench.press("tab", "r")
        await bench.until(ended(screen.session.records[1]))
        assert screen.session.records[1].output.lines == [("out", "1")]


async def test_l_where_nothing_stands_says_so(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        await open_cells(bench, tmp_path, "a = 1")
        await bench.press("l")
        await bench.until("t begins")
