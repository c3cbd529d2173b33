"""Follow a run from the command line: read its log until its end, and hand ctrl+c on as a wish to stop."""

from __future__ import annotations

import getpass
import signal
import sys
import time
from typing import TYPE_CHECKING

from ptlearn_tui import events
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs import listing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

    from ptlearn_tui.runs.tail import Tail

POLL = 0.1
"""Seconds between two looks at the log."""


def follow(folder: Path, tail: Tail) -> Iterator[list[events.AnyEvent]]:
    """What the run writes, in batches as it comes; the last event of the last batch is its `End`.

    The first ctrl+c asks the run to stop, the second raises `KeyboardInterrupt` and leaves it to end by itself. A run
    whose process is gone without a word (killed, out of memory) gets an end that says so.
    """
    asked = False

    def ask(*_: int | FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        sys.stderr.write("\n" + t("stopping after this step; ctrl+c again leaves at once") + "\n")
        try:
            listing.stop(folder, by=who())
        except RequestError:  # it has ended meanwhile
            pass

    before = signal.signal(signal.SIGINT, ask)
    try:
        ended = False
        while not ended:
            alive = run_folder.owner(folder) is not None  # asked first: a run writes its end before it dies
            batch = tail.read()
            ended = bool(batch) and isinstance(batch[-1], events.End)
            if not alive and not ended:
                batch.append(lost(folder))
                ended = True
            if batch:
                yield batch
            if not ended:
                time.sleep(POLL)
    finally:
        signal.signal(signal.SIGINT, before)


def lost(folder: Path) -> events.End:
    """The end of a run that could not write one."""
    log = run_folder.log_file(folder)
    message = t("the run's process is gone: killed, or out of memory (what it printed: {log})", log=log)
    return events.End(status="failed", seconds=0.0, message=message)


def who() -> str:
    """The name that other viewers see beside what is done here."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        return ""
