"""The whole of what one run of a cell prints, in a file: a screen keeps only so much of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEAST = 4_000  # bytes that are only remembered: of so few, no screen leaves any out
MOST = 1 << 30  # bytes of a file: a loop that prints must not fill the disk
SHARE = 0.1  # of the free space that a file takes at most


class OutputFile:
    """Both streams of a cell as they were read. Short output never touches the disk.

    Raises nothing: what can't be written is counted, and `why` says why. One thread writes, any may look. No file is
    held open between two writes, since nobody can say when the last thread of a cell has printed.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path | None = None  # once there is a file
        self.left_out = 0  # bytes that are not in it
        self.why = ""  # the error that ended it
        self._wanted = path
        self._begin: bytearray | None = bytearray()  # None from the moment that a file is needed
        self._room = 0
        self._try(lambda: path.unlink(missing_ok=True))  # an earlier run's

    def write(self, chunk: bytes) -> None:
        """Add what was read."""
        if self._begin is not None:
            self._begin += chunk
            if len(self._begin) <= LEAST:
                return
            chunk, self._begin = bytes(self._begin), None
            self._try(self._make)
        taken = chunk[: self._room]
        written = bool(taken) and self._try(lambda: self._append(taken))
        self.left_out += len(chunk) - (len(taken) if written else 0)
        self._room -= len(taken) if written else self._room

    def _make(self) -> None:
        self._wanted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._room = min(MOST, int(SHARE * shutil.disk_usage(self._wanted.parent).free))
        self._append(b"")
        self.path = self._wanted

    def _append(self, chunk: bytes) -> None:
        with self._wanted.open("ab") as file:
            file.write(chunk)

    def _try(self, deed: Callable[[], None]) -> bool:
        try:
            deed()
        except OSError as error:
            self.why = error.strerror or str(error)
            self._room = 0
        return not self.why
