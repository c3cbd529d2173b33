"""A training run as screens follow it: a worker's thread reads its folder, and what it reads becomes messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.runs.listing import summaries, summary
from ptlearn_tui.runs.tail import Tail

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from ptlearn_tui.events import AnyEvent
    from ptlearn_tui.runs.listing import Summary

LOOK = 0.5  # seconds between looks at the log: live at two pictures a second

LIVE = ("running", "paused")  # of a run's statuses, those of one that has not ended


def follow(folder: Path, gone: threading.Event) -> Iterator[tuple[list[AnyEvent], str]]:
    """In a worker's thread: what is new in the log and how the run stands, the whole history first, until `gone`.

    A run that has ended had written everything before: its last events come with that status, or earlier.
    """
    tail = Tail(folder)
    while not gone.is_set():
        try:
            status = summary(folder).status
        except RequestError:  # its folder is removed
            status = "lost"
        yield tail.read(), status
        gone.wait(LOOK)


def find(recipe: str, remembered: str | None = None) -> Summary | None:
    """The run of that recipe which is `remembered`, unless it has ended and another is live. Reads every run's log."""
    try:
        runs = [run for run in summaries() if run.recipe == recipe]
    except RequestError:
        return None
    mine = [run for run in runs if run.id == remembered]
    live = [run for run in mine + runs if run.status in LIVE]
    return next(iter(live or mine), None)
