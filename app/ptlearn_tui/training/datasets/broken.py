"""What a file that can't be trained on is called, whatever its format; and what a set that can't be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class BrokenFile(Exception):
    """A file that can't be read as what it should be."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class GetError(Exception):
    """A set that could not be had: the server, the disk, or what came. The message is one line that says why."""
