"""What the training screen says of a run that is over: nothing that can't come any more, and what to do."""

from __future__ import annotations

import pytest

from ptlearn_tui import events as ev
from ptlearn_tui.tui.run_view import RunView
from ptlearn_tui.tui.widgets.training_facts import Captions, Summary
from ptlearn_tui.tui.widgets.training_plot import lay_progress

LONG = "process 1 was ended by SIGKILL (whole: " + "/a/long/path" * 8 + "/log.txt)"


def view(*more: ev.AnyEvent, status: str = "running") -> RunView:
    """A run in its first epoch."""
    data = {"name": "mnist", "kind": "full", "train": 1000, "test": 100, "path": None}
    config = {"epochs": 2, "batch_size": 10}
    found = RunView()
    run = ev.Run(
        time=0.0, id="mnist-0412", recipe="mnist", config=config, seed=0, device="cpu", versions={}, data=data,
        steps_per_epoch=100,
    )  # fmt: skip
    timing = ev.Timing(
        time=1.0, step=5, images_per_second=100.0, data=1.0, forward=1.0, backward=1.0, update=1.0
    )  # fmt: skip
    found.apply([run, ev.Metric(time=1.0, name="loss", step=5, value=2.0), timing, *more], status)
    return found


def told(run: RunView) -> str:
    """All words at 80 columns."""
    captions = Captions(run)
    captions.most = 1  # as in a low window
    lines = [lay_progress(run, 80), *Summary(run).lay(80), *captions.lay(80)]
    assert max(line.cell_length for line in lines) <= 80
    return "\n".join(line.plain for line in lines)


END = ev.End(time=2.0, status="failed", seconds=2.0, message=LONG)
SAVED = ev.Checkpoint(time=1.5, path="checkpoints/last.pt", step=5)


def test_a_run_that_goes_on_says_how_long_it_will_take() -> None:
    assert "left" in told(view())
    assert "in 10 s" in told(view())


@pytest.mark.parametrize("over", [view(status="lost"), view(END, status="failed")], ids=["lost", "failed"])
def test_a_run_that_is_over_promises_nothing(over: RunView) -> None:
    assert "left" not in told(over)
    assert "in 10 s" not in told(over)


def test_why_a_run_has_failed_is_told_whole_in_a_low_window() -> None:
    assert LONG.replace(" ", "") in told(view(END, status="failed")).replace("\n", "").replace(" ", "")


def test_of_a_lost_run_it_is_said_how_it_goes_on_if_it_can() -> None:
    assert "ptlearn-tui train --resume mnist-0412" in told(view(SAVED, status="lost"))
    assert "no checkpoint" in told(view(status="lost"))
    resumed = view(SAVED, status="lost")
    assert resumed.apply([], "running")
    assert "resume" not in told(resumed)


def test_a_look_inside_is_of_the_step_that_it_was_made_after() -> None:
    note = ev.Note(time=1.2, step=9, action="look", text="alice")
    found = view(note, ev.Tensors(time=1.2, line=0, items=[]), ev.Metric(time=1.3, name="loss", step=12, value=1.0))
    assert found.inside is not None
    assert (found.step, found.inside.step) == (12, 9)
