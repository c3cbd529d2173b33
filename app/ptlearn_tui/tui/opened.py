"""What `open PATH` asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.course.notes.notes import Notes


class OpenedNotes(NamedTuple):
    """A file of notes, or a folder."""

    path: Path
    read_only: bool = False
    prelude: bool = True
    notes: Notes | None = None  # where they were read already
