"""Predict, then run: nothing of a cell is shown before its question is answered or skipped."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from ptlearn_tui.course.page import Cell
from ptlearn_tui.course.practice import question
from ptlearn_tui.course.progress import FILE, Progress
from ptlearn_tui.tui.widgets.ask import AnswerLine, Verdict
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench

PAGE = "autograd/scalar"


async def open_page(bench: Bench) -> tuple[int, int]:
    """The page's first question that asks for a value, and its first that asks for an error: the cells' indices."""
    page = bench.app.plan.page(PAGE)
    assert page is not None
    bench.app.open_page(page)
    await bench.until("kernel ready")
    cells = [block for block in bench.app.plan.read(page).blocks if isinstance(block, Cell)]
    return (
        next(cell.index for cell in cells if cell.ask == "value"),
        next(cell.index for cell in cells if cell.ask == "error"),
    )


def explanation(bench: Bench, index: int) -> Prose:
    """The prose right below a cell."""
    children = list(bench.app.screen.text.children)
    below = children[children.index(bench.app.screen.cell(index)) + 1]
    assert isinstance(below, Prose)
    assert below.block.explains
    return below


def state(bench: Bench, index: int) -> str:
    return bench.app.screen.questions[index].state


async def to(bench: Bench, index: int) -> None:
    """The question's line has the keys."""
    bench.app.screen.text.focus_on(index)
    bench.app.screen.text.keep_in_sight(index)
    await bench.until(lambda: isinstance(bench.app.focused, AnswerLine))


async def test_a_right_answer_runs_the_cell_with_what_it_needs_and_shows_why(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        value, _ = await open_page(bench)
        assert not explanation(bench, value).display
        await bench.press("enter")  # the first cell: the next stop is the question
        await bench.until(lambda: isinstance(bench.app.focused, AnswerLine))
        await bench.until("enter skips")
        await bench.press(*"2.25")
        await bench.until("enter answer, and run")
        await bench.press("enter")
        await bench.until("2.25   ✓ right")
        assert explanation(bench, value).display
        assert isinstance(bench.app.focused, CodeCell)
        await bench.until(lambda: len(bench.app.progress.attempts()) == 1)
        (attempt,) = bench.app.progress.attempts()
        assert (attempt.given, attempt.ok, attempt.what.partition("#")[0]) == ("2.25", True, f"question {PAGE}")


async def test_the_cells_above_that_were_never_run_are_run_first(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        value, _ = await open_page(bench)
        await to(bench, value)
        await bench.press(*"9/4", "enter")
        await bench.until("9/4   ✓ right")
        assert bench.app.screen.session.records[0].state == "ran"


async def test_a_wrong_answer_is_told_the_right_one_and_comes_back(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        value, _ = await open_page(bench)
        await to(bench, value)
        await bench.press(*"9", "enter")
        await bench.until("9   ✗ it is tensor([[2.2500, 2.2500],")
        assert state(bench, value) == "wrong"
        await bench.until(lambda: [each.ok for each in bench.app.progress.attempts()] == [False])
        assert explanation(bench, value).display


async def test_an_empty_answer_skips_and_keeps_nothing(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        value, _ = await open_page(bench)
        await to(bench, value)
        await bench.press("enter")
        await bench.until("skipped")
        assert explanation(bench, value).display
        assert not bench.app.screen.session.records[value].number, "it was not run"
        assert bench.app.progress.attempts() == []


async def test_what_can_not_be_read_stays_open(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        _, error = await open_page(bench)
        await to(bench, error)
        await bench.press(*"perhaps", "enter")
        await bench.until(lambda: bool(bench.app._notifications))
        assert state(bench, error) == "open"
        assert bench.app.focused.value == "perhaps"


async def test_whether_it_raises(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        _, error = await open_page(bench)
        await to(bench, error)
        await bench.press("1", "enter")
        await bench.until("it runs   ✗ it raises RuntimeError")
        assert bench.app.screen.session.records[error].state == "failed"


async def test_a_cell_that_ran_with_all_the_others_shows_nothing_before_its_question_is_answered(
    dashboard: Callable[..., object],
) -> None:
    async with dashboard(columns=120, rows=40) as bench:
        value, _ = await open_page(bench)
        await bench.press("a")
        await bench.until("it ran: answer the question to see")
        cell = bench.app.screen.cell(value)
        assert cell.record.lines
        drawn = "\n".join(str(line() if callable(line) else line) for line in cell.lines(65))
        assert "2.25" not in drawn
        assert "(2, 2)" not in drawn
        await to(bench, value)
        await bench.press(*"2.25", "enter")
        await bench.until("2.25   ✓ right")
        drawn = "\n".join(str(line() if callable(line) else line) for line in cell.lines(65))
        assert "(2, 2)" in drawn


async def test_escape_leaves_the_question_open_and_running_its_cell_skips_it(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        value, _ = await open_page(bench)
        await to(bench, value)
        await bench.press("2", "escape")
        assert bench.app.focused is bench.app.screen.cell(value)
        assert state(bench, value) == "open"
        await bench.press("r")
        await bench.until(lambda: state(bench, value) == "skipped")


async def test_the_other_language_keeps_the_answer(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        value, error = await open_page(bench)
        await to(bench, value)
        await bench.press(*"2.25", "enter")
        await bench.until("2.25   ✓ right")
        await to(bench, error)
        await bench.press("2")
        bench.app.action_switch_language()
        verdict = bench.app.screen.query_one(f"#ask-{value} Verdict", Verdict)
        await bench.until(lambda: "2.25   ✓ 对了" in str(verdict.lines(60)[0]))
        assert bench.app.focused.value == "2"
        await bench.press("enter")
        await bench.until("会报错   ✓ 对了")


async def test_an_answer_is_there_the_next_time_and_asked_again_when_it_is_due(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    async with dashboard() as bench:
        value, error = await open_page(bench)
        ids = [bench.app.screen.cell(index).cell.id for index in (value, error)]
    for days, id, given, ok in ((0, ids[0], "2", False), (3, ids[1], "1", False)):
        then = time.time() - timedelta(days=days).total_seconds()
        with Progress(home / FILE, clock=lambda then=then: then) as progress:  # type: ignore[misc]
            progress.attempt(question(PAGE, id), given, ok=ok)
    async with dashboard() as bench:
        await open_page(bench)
        await bench.until("2   ✗ not so: run the cell to see")
        assert (state(bench, value), state(bench, error)) == ("wrong", "open")


async def test_a_page_that_begins_with_a_question_opens_with_all_its_keys(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        bench.app.open_page(bench.app.plan.page("networks/linear"))
        await bench.until("enter begin")
        assert bench.app.focused is None
        await bench.press("n")
        await bench.until("4 ")
        await bench.press("p", "enter")
        await bench.until(lambda: isinstance(bench.app.focused, AnswerLine))
        await bench.press("escape", "q")
        await bench.until("Learning plan")
