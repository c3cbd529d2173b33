"""What the learner has written into a lesson's cells: in the progress store, and there again the next time."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptlearn_tui.course.course import Slot
    from ptlearn_tui.course.progress import Progress
    from ptlearn_tui.tui.session import Session

MOST_KEPT = 200  # lines of a cell's output


class Kept:
    """Changed cells under the slots that the course has for them, added ones under the unit's own name."""

    def __init__(self, progress: Progress, unit: str, slots: Mapping[int, Slot], session: Session) -> None:
        self.progress = progress
        self.unit = unit
        self.session = session
        self._slots = dict(slots)
        self._rows: dict[int, int] = {}  # added cells: index -> id in the store

    def load(self) -> None:
        """Into the session. Raises `sqlite3.Error`."""
        pages = {page: self.progress.edits(page) for page in {page for page, _ in self._slots.values()}}
        for index, (page, cell) in self._slots.items():
            if cell in pages[page]:
                self.session.edits[index] = pages[page][cell]
        for each in self.progress.scratch(self.unit):
            if self.session.order:
                self._rows[self.session.add(each.place, each.source).index] = each.id

    def write(self, index: int, text: str) -> None:
        """A cell's text; an added one that is empty is gone. In a thread. Raises `sqlite3.Error`."""
        progress, cell = self.progress, self.session.cells[index]
        if not cell.scratch:
            page, number = self._slots[index]
            if text != cell.source:
                progress.edit(page, number, text)
            elif index in self.session.edits:
                progress.forget_edit(page, number)
        elif not text:
            if index in self._rows:
                progress.forget_scratch(self._rows.pop(index))
        elif index in self._rows:
            progress.edit_scratch(self._rows[index], text)
        else:
            self._rows[index] = progress.add_scratch(self.unit, self.session.places[index], text)

    def output(self, index: int) -> None:
        """What a cell has printed and shown, with the text that ran. In a thread. Raises `sqlite3.Error`."""
        session = self.session
        page, number = self._slots.get(index) or (f"{self.unit}#yours", self._rows.get(index, -1))
        text = "\n".join(line for _, line in session.records[index].output.lines[:MOST_KEPT])
        self.progress.keep_output(page, number, session.source(index), text)

    def follow(self, slots: Mapping[int, Slot]) -> None:
        """The author's text has changed on disk: what the learner wrote is kept where it is looked for from now on.

        In a thread.
        """
        before, self._slots = self._slots, dict(slots)
        for index, text in list(self.session.edits.items()):
            if index in before and index in slots and before[index] != slots[index]:
                try:
                    self.progress.edit(*slots[index], text)
                    self.progress.forget_edit(*before[index])
                except sqlite3.Error:
                    return  # it is in the store under its old name, and on the page
