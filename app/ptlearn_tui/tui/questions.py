"""The questions of a page: what was answered before, what is open, and whether an answer is what the kernel made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptlearn_tui.course import practice
from ptlearn_tui.course.question import Truth, judge, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from ptlearn_tui.course.page import Cell
    from ptlearn_tui.course.practice import Standing
    from ptlearn_tui.tui.record import Record


@dataclass
class Asked:
    """One question."""

    cell: Cell
    what: str  # its name in the store
    state: str = "open"  # open; given (the cell has not run yet); skipped; right; wrong
    given: str = ""
    truth: str | None = None  # the right answer, once the cell has run

    @property
    def ask(self) -> str:
        """What is asked for: "shape", "dtype", "value" or "error"."""
        return self.cell.ask or "value"

    def ran(self, record: Record) -> bool | None:
        """The cell has run to its end: whether a given answer is right; None where there is nothing to judge."""
        if record.state not in ("ran", "failed"):
            return None
        truth = Truth(record.value, record.error.kind if record.error is not None else None)
        self.truth = told(self.ask, truth)
        if self.state != "given":
            return None
        right = bool(judge(self.ask, self.given, truth))
        self.state = "right" if right else "wrong"
        return right


def asked(page: str, cells: Iterable[Cell], standings: Mapping[str, Standing], today: date) -> dict[int, Asked]:
    """By the cells' indices. One that was answered stays so, unless it comes back today."""
    found = {cell.index: Asked(cell, practice.question(page, cell.id or str(cell.index))) for cell in cells if cell.ask}
    for each in found.values():
        standing = standings.get(each.what)
        if standing is not None and (standing.due is None or standing.due > today):
            each.given, each.state = standing.given, "right" if standing.ok else "wrong"
    return found
