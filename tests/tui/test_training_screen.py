"""What is done to a live run from its screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from ptlearn_tui import events as ev
from ptlearn_tui import runs
from ptlearn_tui.runs.notes import told
from ptlearn_tui.training import catalog
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
