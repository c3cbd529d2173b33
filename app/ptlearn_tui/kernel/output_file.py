"""The whole of what one run of a cell prints, in a file: a screen keeps only so much of it."""

from __future__ import annotations

import shutil
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LEAST = 4_000  # bytes that are only remembered: of so few, no screen leaves any out
MOST = 1 << 30  # bytes of a file: a loop that prints must not fill the disk
SHARE = 0.1  # of the free space that a file takes at most


class OutputFile:
    """Both streams of a cell as they were read. Short output never touches the disk.

    Raises nothing: what can't be written is counted, and `why` says why. One thread writes, any may look.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path | None = None  # once there is a file
        self.left_out = 0  # bytes that are not in it
        self.why = ""  # the error that ended it
        self._wanted = path
        self._begin: bytearray | None = bytearray()  # None from the moment that a file is needed
        self._file: IO[bytes] | None = None
        self._room = 0
        try:
            path.unlink(missing_ok=True)  # an earlier run's
        except OSError as error:
            self.why = error.strerror or str(error)

    def write(self, chunk: bytes) -> None:
        """Add what was read."""
        if self._begin is not None:
            self._begin += chunk
            if len(self._begin) <= LEAST:
                return
            chunk, self._begin = bytes(self._begin), None
            self._open()
        taken = chunk[: self._room]
        self._room -= len(taken)
        if self._file is not None and taken:
            try:
                self._file.write(taken)
                self._file.flush()  # whoever looks into it sees all of it
            except OSError as error:
                self.why = error.strerror or str(error)
                taken, self._room = b"", 0
        self.left_out += len(chunk) - len(taken)

    def close(self) -> None:
        """The run is over, with all that it left running."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError:  # flushing what a full disk has refused already
                pass

    def _open(self) -> None:
        try:
            self._wanted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._room = min(MOST, int(SHARE * shutil.disk_usage(self._wanted.parent).free))
            self._file = self._wanted.open("wb")
            self.path = self._wanted
        except OSError as error:
            self.why = error.strerror or str(error)
            self._room = 0
