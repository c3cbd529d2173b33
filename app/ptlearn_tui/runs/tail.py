"""The viewers' side of ``events.jsonl``: read what was added since the last time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ptlearn_tui import events
from ptlearn_tui.runs import folder as run_folder

if TYPE_CHECKING:
    from pathlib import Path


class Tail:
    """An incremental reader, one a viewer, usable from a worker thread.

    Any number may follow the same run.
    """

    def __init__(self, folder: Path, offset: int = 0) -> None:
        """Begin at `offset` bytes; `Tail(folder, end_of(folder))` gives only what is yet to come."""
        self._path = run_folder.events_file(folder)
        self._offset = offset

    def read(self) -> list[events.AnyEvent]:
        """All whole lines added since the last call, oldest first.

        Empty where nothing is new or there is no log yet.

        A line that is half-written stays for the next call. A line that no event of ours is (a newer version
        wrote it, or a disk damaged it) is passed over.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                added = file.read()
        except OSError:
            return []
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        found: list[events.AnyEvent] = []
        for line in whole.splitlines():
            try:
                found.append(events.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                pass
        return found


def end_of(folder: Path) -> int:
    """The log's length in bytes now; 0 where there is none."""
    try:
        return run_folder.events_file(folder).stat().st_size
    except OSError:
        return 0
