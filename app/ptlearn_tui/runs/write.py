"""The run's side of ``events.jsonl``: append only, whole lines, flushed, and room kept for the last word."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ptlearn_tui import events
from ptlearn_tui.runs import folder as run_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RESERVE = 16 * 1024
"""Bytes kept free on disk, so that a run which fails because the disk is full can still say so."""


class Log:
    """Appends events. One writer a run: the process that holds its lock."""

    def __init__(self, folder: Path) -> None:
        """Open the log, dropping a line that a killed process left half-written. Raises `OSError`."""
        path = run_folder.events_file(folder)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = _whole_lines(path.read_bytes())
        os.ftruncate(self._file, self._size)
        self._reserve = folder / ".reserve"
        self._reserve.write_bytes(bytes(RESERVE))

    def write(self, *batch: events.Event) -> None:
        """Append all of them or, on a full disk, none. Raises `OSError`."""
        self._append(batch)

    def last_word(self, end: events.End) -> None:
        """Append the run's end and close, spending the reserve. Raises `OSError`."""
        with suppress(OSError):  # a folder that has become read-only; the log is open, and can still be written
            self._reserve.unlink(missing_ok=True)
        self._append([end])
        os.close(self._file)

    def close(self) -> None:
        """Leave the log to another process, without a last word."""
        os.close(self._file)

    def _append(self, batch: Iterable[events.Event]) -> None:
        rest = memoryview(b"".join(events.encode(event) + b"\n" for event in batch))
        size = self._size + len(rest)
        try:
            while rest:  # a disk that fills up takes a part first, and fails on the next write
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size = size


def _whole_lines(content: bytes) -> int:
    """The length of a log without a half-written last line."""
    return content.rfind(b"\n") + 1
