"""What is done to a live run from its screen."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from ptlearn_tui import events as ev
from ptlearn_tui import runs
from ptlearn_tui.errors import RequestError
from ptlearn_tui.runs.notes import told
from ptlearn_tui.training import catalog
from ptlearn_tui.tui.screens.inside import InsideScreen
from ptlearn_tui.tui.screens.rate import RateScreen
from ptlearn_tui.tui.screens.training import TrainingScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def run(dashboard: Callable[..., Any]) -> Iterator[Path]:
    """A run on the bundled sample that goes on until the test is over; `dashboard` has made a home for it."""
    folder = runs.start(catalog.request("mnist", device="cpu", epochs=1_000))
    yield folder
    with suppress(RequestError):  # the test has stopped it
        runs.stop(folder)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_rate_is_set_and_everybody_sees_it(
    dashboard: Callable[..., Any], run: Path, size: tuple[int, int]
) -> None:
    async with dashboard(*size) as bench:
        bench.app.push_screen(TrainingScreen(run.name))
        await bench.until("rate 0.")
        await bench.press("l")
        await bench.until("Learning rate  now 0.")
        await bench.press("0", "enter")
        await bench.until("a number above 0, as 0.001")
        assert isinstance(bench.app.screen, RateScreen)
        bench.app.screen.query_one(Input).value = "0.0００５"  # from an input method
        await bench.press("enter")
        await bench.until("→ 0.0005")
        await bench.until("rate 0.0005")
        assert not isinstance(bench.app.screen, RateScreen)


async def test_escape_leaves_the_rate_as_it_is(dashboard: Callable[..., Any], run: Path) -> None:
    async with dashboard() as bench:
        bench.app.push_screen(TrainingScreen(run.name))
        await bench.until("rate 0.")
        await bench.press("l", "5", "escape")
        await bench.until(lambda: isinstance(bench.app.screen, TrainingScreen))
        await bench.press("space")
        await bench.until("PAUSED at step")
        found = runs.Tail(run).read()
        assert [event.action for event in found if isinstance(event, ev.Note)] == ["pause"]


def test_what_was_done_is_told_in_words() -> None:
    note = ev.Note(time=1.0, step=3, action="rate", text="0.02 → 0.01 alice")
    assert told(note) == "learning rate 0.02 → 0.01 alice"
    assert told(ev.Note(time=1.0, step=3, action="pause", text="bob")) == "paused bob"
    assert told(ev.Note(time=1.0, step=3, action="an action of tomorrow", text="")) == "an action of tomorrow"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_look_inside(dashboard: Callable[..., Any], run: Path, size: tuple[int, int]) -> None:
    async with dashboard(*size) as bench:
        bench.app.push_screen(TrainingScreen(run.name))
        await bench.until("live")
        await bench.press("i")
        await bench.until("images        (8, 1, 32, 32)")
        inside = bench.app.screen
        assert isinstance(inside, InsideScreen)
        step = inside._inside.step  # type: ignore[union-attr]
        await bench.press("tab")
        await bench.until("nll_loss")
        assert ("images" in bench.text) == (size[0] >= 100), "two panels where there is room"
        assert "line unknown" not in bench.text
        noted = inside._inside.step  # type: ignore[union-attr]
        assert noted == bench.app.screen_stack[-2].view.notes[-1].step
        await bench.press("tab", "enter")
        await bench.until("esc close the card")
        assert "← →" not in bench.text, "nobody can be asked for another slice"
        assert "of all values" not in bench.text
        await bench.press("escape")
        await bench.until("r look again")
        await bench.press("r")
        await bench.until(lambda: inside._inside.step > step)  # type: ignore[union-attr]
        await bench.press("i")
        await bench.until(lambda: isinstance(bench.app.screen, TrainingScreen))
        assert [note.action for note in bench.app.screen.view.notes] == ["look", "look"]


async def test_of_a_run_that_is_over_the_last_look_is_shown(dashboard: Callable[..., Any], run: Path) -> None:
    async with dashboard() as bench:
        bench.app.push_screen(TrainingScreen(run.name))
        await bench.until("live")
        await bench.press("i")
        await bench.until("images        (8, 1, 32, 32)")
        await bench.press("escape")
        runs.stop(run)
        await bench.until("stopped at step")
        await bench.press("i")
        await bench.until("images        (8, 1, 32, 32)")
        await bench.press("r")
        await bench.until("this run has ended")


async def test_a_run_that_is_over_and_was_never_looked_into_says_so(dashboard: Callable[..., Any], run: Path) -> None:
    async with dashboard() as bench:
        bench.app.push_screen(TrainingScreen(run.name))
        await bench.until("live")
        runs.stop(run)
        await bench.until("stopped at step")
        await bench.press("i")
        await bench.until("this run has ended")
        assert isinstance(bench.app.screen, TrainingScreen)
