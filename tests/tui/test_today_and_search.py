"""What was missed comes back on the plan; words lead to where they stand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.course.practice import question
from ptlearn_tui.course.progress import FILE, Progress
from ptlearn_tui.tui.screens.exercise import ExerciseScreen
from ptlearn_tui.tui.screens.lesson import LessonScreen
from ptlearn_tui.tui.screens.search import SearchScreen, Words
from ptlearn_tui.tui.widgets.ask import AnswerLine
from ptlearn_tui.tui.widgets.place_list import PlaceList

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = 86_400.0


@pytest.fixture
def missed(tmp_path: Path) -> Path:
    """Three days ago a question and an exercise were missed, today another question."""
    home = tmp_path / "home"
    home.mkdir()
    for days, what in (
        (3, question("autograd/scalar", "mean")),
        (2, "exercise autograd/grad-of-mean"),
        (0, question("autograd/scalar", "twice")),
        (9, question("~/notes.md/a-page", "0")),
        (9, question("autograd/no-such-page", "x")),
    ):
        then = time.time() - days * DAY
        with Progress(home / FILE, clock=lambda then=then: then) as progress:  # type: ignore[misc]
            progress.attempt(what, "", ok=False)
    return home


async def test_what_was_missed_comes_back_and_goes_away_with_a_right_answer(
    dashboard: Callable[..., object], missed: Path
) -> None:
    async with dashboard() as bench:
        await bench.until("2 questions come back")
        await bench.press("d")
        await bench.until("Plan › Today")
        await bench.until("3 Backward from a scalar")
        assert "question · for 2 days" in bench.text
        assert "exercise · since yesterday" in bench.text
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.focused, AnswerLine))
        await bench.until("kernel ready")
        await bench.press(*"2.25", "enter")
        await bench.until("✓ right")
        await bench.until(lambda: len(bench.app.progress.attempts(question("autograd/scalar", "mean"))) == 2)
        await bench.press("q")
        await bench.until("Plan › Today")
        await bench.until(lambda: len(bench.app.screen.query_one(PlaceList).places) == 1)
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, ExerciseScreen))
        await bench.press("q", "q")
        await bench.until("1 question comes back")


async def test_nothing_to_come_back_is_said(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await bench.until("Learning plan")
        assert "Today" not in bench.text
        await bench.press("d")
        await bench.until("Nothing comes back.")
        await bench.press("enter", "down", "q")
        await bench.until("Learning plan")


async def test_words_lead_to_their_place_and_back(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await bench.until("Learning plan")
        await bench.press("slash")
        await bench.until(lambda: isinstance(bench.app.focused, Words))
        await bench.press(*"caught halfway")
        await bench.until("3 Backward from a scalar")
        await bench.press("down")
        places = bench.app.screen.query_one(PlaceList).places
        await bench.press(*["down"] * next(at for at, each in enumerate(places) if each.entry.id == "scalar"), "enter")
        await bench.until(lambda: isinstance(bench.app.screen, LessonScreen))
        await bench.until("z.retain_grad()")  # folded, until the question is answered
        assert "caught" not in bench.text
        await bench.press("q")
        await bench.until(lambda: isinstance(bench.app.screen, SearchScreen))
        assert bench.app.screen.query_one(Words).value == "caught halfway", "the search is still there"
        await bench.press("escape")
        await bench.until("Learning plan")


async def test_a_search_from_a_page_comes_back_to_that_very_page(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        page = bench.app.plan.page("autograd/scalar")
        bench.app.open_page(page)
        await bench.until("3 Backward from a scalar")
        before = bench.app.screen
        await bench.press("slash", *"Backward from a scalar")
        await bench.until(lambda: bool(bench.app.screen.query_one(PlaceList).places))
        await bench.until(lambda: bench.app.screen.query_one(PlaceList).places[0].entry == page)
        await bench.press("enter", "enter")
        await bench.until(lambda: bench.app.screen is before)
        assert len(bench.app.screen_stack) == 2


async def test_nothing_found_is_said_and_other_words_are_looked_for_at_once(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await bench.press("slash", *"zzqx")
        await bench.until("nothing has all of these words")
        await bench.press(*["backspace"] * 4, *"[red]")
        await bench.until("nothing has all of these words")
        await bench.press(*["backspace"] * 5, *"LEAF jacobian")
        await bench.until(" found")


async def test_chinese_is_found_in_chinese_and_the_other_language_looks_again(dashboard: Callable[..., object]) -> None:
    async with dashboard(language="zh") as bench:
        await bench.press("slash")
        await bench.until(lambda: isinstance(bench.app.focused, Words))
        bench.app.focused.value = "叶子张量"
        await bench.until("叶子张量、detach")
        bench.app.action_switch_language()
        await bench.until("1 found")  # the glossary has both languages


async def test_the_glossary_and_the_cheat_sheets_are_a_key_away_and_nobody_goes_on_there(
    dashboard: Callable[..., object],
) -> None:
    async with dashboard() as bench:
        await bench.until("Learning plan")
        await bench.press("g")
        await bench.until("activation · 激活函数")
        await bench.until("q plan")
        await bench.press("n", "p", "space", "enter")
        await bench.press("q", "down", "down", "c")
        await bench.until("Cheat sheet: tensors")
        await bench.press("q")
        await bench.until("Learning plan")
        assert bench.app.progress.setting("place") is None


async def test_a_link_to_another_page_is_followed_with_a_click_and_q_comes_back(
    dashboard: Callable[..., object],
) -> None:
    async with dashboard(rows=60) as bench:
        await bench.press("g")
        await bench.until("Linear and activations ›")
        y, line = next((y, line) for y, line in enumerate(bench.lines) if "Linear and activations ›" in line)
        await bench.pilot.click(offset=(line.index("Linear and") + 2, y))
        await bench.until("Building neural networks › 3 Linear and activ")
        await bench.press("q")
        await bench.until("activation · 激活函数")
