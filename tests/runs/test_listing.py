from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptlearn_tui import events
from ptlearn_tui.errors import RequestError
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs import launch, listing
from ptlearn_tui.runs.write import Log

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = run_folder.Request(
    recipe="mnist", config={"epochs": 4, "batch_size": 64, "lr": 0.1}, seed=0, device="cpu", data="sample"
)
RUN = events.Run(
    time=0.0, id="x", recipe="mnist", config={}, seed=0, device="cpu", versions={}, data={}, steps_per_epoch=10
)
EPOCH = (
    *(events.Metric(name="loss", step=step, value=1.0) for step in range(1, 13)),
    events.Metric(name="rate", step=12, value=0.1),
    events.Eval(epoch=1, split="test", loss=0.5, accuracy=0.75),
)


def ended(*tail: events.Event, now: float = 0.0) -> Path:
    """A run that is not alive, whose log ends so."""
    folder = run_folder.create(REQUEST, now=now)
    (folder / "lock").touch()
    Log(folder).write(RUN, *EPOCH, *tail)
    return folder


@pytest.mark.parametrize("status", ["finished", "stopped", "failed"])
def test_a_run_stands_as_its_end_says(status: str) -> None:
    run = listing.summary(ended(events.End(status=status, seconds=1.0, message="why")))
    assert (run.status, run.epoch, run.step, run.accuracy, run.pid) == (status, 1, 12, 0.75, None)
    assert (run.message, run.epochs) == ("why", 4)


def test_a_run_without_an_end_is_lost() -> None:
    assert listing.summary(ended()).status == "lost"
    assert listing.summary(ended(events.Note(step=3, action="pause"))).status == "lost"


def test_a_run_that_went_on_and_was_killed_is_lost_whatever_it_was_before() -> None:
    folder = ended(events.End(status="stopped", seconds=1.0))
    Log(folder).write(RUN)
    assert listing.summary(folder).status == "lost"


def test_a_half_written_last_line_is_not_an_error() -> None:
    folder = ended()
    with run_folder.events_file(folder).open("ab") as file:
        file.write(b'{"type":"end","status":"fini')
    run = listing.summary(folder)
    assert (run.status, run.accuracy) == ("lost", 0.75)


def test_a_run_whose_process_is_about_to_begin_is_not_lost_yet() -> None:
    folder = run_folder.create(REQUEST, now=100.0)
    assert listing.summary(folder, now=101.0).status == "running"
    assert listing.summary(folder, now=200.0).status == "lost"


def test_runs_are_listed_newest_first() -> None:
    first, second = ended(now=1e9), ended(now=2e9)
    assert [run.id for run in listing.summaries()] == [second.name, first.name]


def test_a_listed_run_that_went_on_is_read_again() -> None:
    folder = ended(events.End(status="stopped", seconds=1.0))
    assert [run.status for run in listing.summaries()] == ["stopped"]
    Log(folder).write(RUN, *EPOCH, events.End(status="finished", seconds=2.0))
    assert [run.status for run in listing.summaries()] == ["finished"]


def test_what_is_no_run_is_not_listed(state: Path) -> None:
    (state / "notes.txt").touch()
    (state / "empty").mkdir()
    assert listing.summaries() == []


def test_a_run_that_is_not_alive_can_not_be_stopped() -> None:
    with pytest.raises(RequestError, match="is not running"):
        listing.stop(ended())


def test_a_finished_run_has_nothing_to_go_on_with() -> None:
    folder = ended(events.End(status="finished", seconds=1.0))
    with pytest.raises(RequestError, match="has finished"):
        launch.resumable(folder.name)


def test_a_run_without_a_checkpoint_can_not_go_on() -> None:
    with pytest.raises(RequestError, match="no checkpoint"):
        launch.resumable(ended().name)
