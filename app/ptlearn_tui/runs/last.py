"""The last line of each kind in a run's log, kept up to date by reading only what was added."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ptlearn_tui.runs import folder as run_folder

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui import events

CHUNK = 1 << 20
"""Bytes that are read at a time: a log may be larger than memory."""

KINDS: dict[str, tuple[bytes, ...]] = {
    "run": (),
    "end": (),
    "note": (b'"pause"', b'"go on"'),
    "eval": (b'"test"',),
    "metric": (b'"loss"',),
}
"""Tags, and what one of has to stand in the line too."""

E = TypeVar("E", bound="events.Event")


class Last:
    """What stands last in a log. May be asked from any thread."""

    def __init__(self, folder: Path) -> None:
        self._path = run_folder.events_file(folder)
        self._lock = threading.Lock()
        self._forget(0)

    def update(self) -> None:
        """Read on to the end of the log, its last whole line."""
        with self._lock:
            try:
                # Read, not mapped: touching a page that the run cuts off (a full disk) would end this process by
                # SIGBUS.
                with self._path.open("rb") as file:
                    status = os.fstat(file.fileno())
                    if status.st_ino != self._file or status.st_size < self._offset:
                        self._forget(status.st_ino)
                    if status.st_size > self._offset:
                        file.seek(self._offset)
                        while chunk := file.read(CHUNK):
                            self._take(chunk)
            except OSError:  # none yet
                self._forget(0)

    def position(self, tag: str) -> int:
        """Where the last line of that tag begins, or -1."""
        return self._found.get(tag, (-1, b""))[0]

    def event(self, tag: str, kind: type[E], *, after: int = -1) -> E | None:
        """The last of that tag, if it stands behind `after`."""
        at, line = self._found.get(tag, (-1, b""))
        if at <= after:
            return None
        try:
            return msgspec.json.decode(line, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _forget(self, file: int) -> None:
        self._file = file
        self._offset = 0  # up to which all is read; `_rest` stands after it
        self._rest = b""  # of a line whose end is not there yet
        self._found: dict[str, tuple[int, bytes]] = {}

    def _take(self, chunk: bytes) -> None:
        text = self._rest + chunk
        base = self._offset - len(self._rest)
        whole = text.rfind(b"\n") + 1
        for tag, such in KINDS.items():
            at = whole
            # The tag stands first in every line that `events.encode` wrote.
            while (at := text.rfind(b'{"type":"%s"' % tag.encode(), 0, at)) >= 0:
                line = text[at : text.find(b"\n", at)]
                if not such or any(word in line for word in such):
                    self._found[tag] = base + at, line
                    break
        self._offset += len(chunk)
        self._rest = text[whole:]
