"""The plan: seven items, ticks that are on disk when they are shown, two languages on one grid."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from ptlearn_tui.course.plan import PLAN_IDS
from ptlearn_tui.course.progress import Progress
from ptlearn_tui.tui.screens.lesson import LessonScreen
from ptlearn_tui.tui.screens.plan import PlanScreen
from ptlearn_tui.tui.widgets.plan_list import ItemRow, PlanList

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = str(Path(sys.executable).with_name("ptlearn-tui"))


async def test_seven_items_in_order_and_the_focus_on_start(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        rows = bench.app.screen.query_one(PlanList).rows
        assert [row.item.id for row in rows if isinstance(row, ItemRow)] == list(PLAN_IDS)
        (focused,) = [line for line in bench.lines if line.startswith("▌")]
        assert "Start" in focused


async def test_space_ticks_and_the_tick_is_on_disk(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await bench.press("down", "down", "space")
        await bench.until("[x] Tensor basics")
        with Progress.open() as store:
            assert store.ticked() == {"tensors"}
        await bench.press("space")
        await bench.until(lambda: "[x]" not in bench.text)


async def test_enter_on_start_opens_the_start_page_and_q_comes_back(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, LessonScreen))
        assert bench.app.screen.entry.key == "start/start"
        await bench.press("q")
        await bench.until(lambda: isinstance(bench.app.screen, PlanScreen))


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (80, 22), (120, 40)])
async def test_no_column_moves_when_the_language_is_switched(
    dashboard: Callable[..., object], columns: int, rows: int
) -> None:
    def places(line: str) -> tuple[int, int]:
        return cell_len(line.split("─")[0]), cell_len(line.rstrip())

    async with dashboard(columns, rows) as bench:
        await bench.press("down")
        english = [places(line) for line in bench.lines if "[ ]" in line]
        await bench.press("L")
        await bench.until(lambda: "学习计划" in bench.text)
        chinese = [places(line) for line in bench.lines if "[ ]" in line]
        if columns < 100:
            assert chinese == english
        else:  # beside the plan stands the item's own text
            assert [start for start, _ in chinese] == [start for start, _ in english]
        assert all(cell_len(line) <= columns for line in bench.lines)
        assert bench.lines[0].endswith("English")


async def test_the_language_is_remembered(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await bench.press("L")
        await bench.until(lambda: bench.app.progress.setting("language") == "zh")


async def test_a_tick_in_another_shell_is_noticed(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        command = [PROGRAM, "--home", str(tmp_path / "home"), "plan", "tick", "networks"]
        subprocess.run(command, check=True, capture_output=True)
        await bench.until("[x] Building neural networks")


async def test_a_window_under_80_by_22_shows_a_notice(dashboard: Callable[..., object]) -> None:
    async with dashboard(79, 24) as bench:
        await bench.until("79×24 here; 80×22 needed.")
        await bench.pilot.resize_terminal(80, 22)
        await bench.until(lambda: "Learning plan" in bench.text and "needed" not in bench.text)
        assert "Projects (MNIST / CIFAR-10)" in bench.text, "all seven items fit into the least window"


async def test_a_store_that_another_holds_does_not_hold_the_screen(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    """Keys are answered while it is locked; a tick is shown once it is on disk, and not before."""
    async with dashboard() as bench:
        other = sqlite3.connect(tmp_path / "home" / "progress.sqlite3", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        await bench.press("down", "space", "down")
        await bench.until(lambda: any(line.startswith("▌  [ ] Tensor basics") for line in bench.lines))
        assert "[x]" not in bench.text
        other.execute("COMMIT")
        other.close()
        await bench.until("[x] Installation and environment")


async def test_a_store_that_is_locked_at_the_start_is_read_when_it_is_free(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    with Progress.open() as store:
        store.tick("autograd", done=True)
    async with dashboard() as bench:
        await bench.until("[x] Autograd")


async def test_beside_the_plan_a_page_can_be_chosen(dashboard: Callable[..., object]) -> None:
    async with dashboard(120, 40) as bench:
        await bench.press("down", "down", "down", "right", "down", "down", "enter")
        await bench.until(lambda: isinstance(bench.app.screen, LessonScreen))
        assert bench.app.screen.entry.number == 3
        assert bench.app.screen.entry.item == "autograd"


async def test_all_keys_are_shown_and_every_one_of_them_says_what_it_does(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await bench.press("question_mark")
        await bench.until("All keys")
        await bench.until("training runs")
        await bench.press("escape")
        await bench.until(lambda: isinstance(bench.app.screen, PlanScreen))


async def test_a_chinese_input_method_is_pointed_out(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await bench.press("你")
        await bench.until("输入法在中文状态")


async def test_torch_is_never_imported_by_the_process_that_owns_the_terminal(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    """In a process of its own: another test may have imported torch into this one."""
    program = """
import asyncio, sys
from ptlearn_tui.tui.app import Dashboard
from ptlearn_tui.tui.widgets.cell import CodeCell

async def main():
    app = Dashboard(language="en")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter")
        while not app.screen.query(CodeCell):
            await pilot.pause(0.01)
        await pilot.press("enter")
        while app.screen.session.records[0].state not in ("ran", "failed"):
            await pilot.pause(0.01)
        await pilot.press("q", "w")
        await pilot.pause(0.2)
        print(app.screen_stack, "torch" in sys.modules, "torchvision" in sys.modules)
asyncio.run(main())
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert found.stdout.strip().endswith("False False"), found.stderr[-2000:]
