"""What can be read page by page: the course that comes with the program, and anybody's own notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptlearn_tui.course.page import Cell, Page
    from ptlearn_tui.course.plan import PageEntry

Slot = tuple[str, int]
"""Where the learner's version of a cell is kept in the progress store: `page` and `cell`."""


class Course(Protocol):
    """`Plan` and `Notes` are two."""

    @property
    def place(self) -> str:
        """The setting that remembers the page that was open last."""

    def page(self, key: str) -> PageEntry | None:
        """The page of that key."""

    def neighbours(self, page: PageEntry) -> tuple[PageEntry | None, PageEntry | None]:
        """The pages before and after."""

    def crumbs(self, page: PageEntry) -> tuple[str, ...]:
        """The way to it, from the outside: `Autograd`, `3 Backward from a scalar`."""

    def beside(self, page: PageEntry) -> int:
        """How many pages its item, or its file, has."""

    def unit(self, page: PageEntry) -> str:
        """What shares a kernel: the page itself in the course, the file in notes."""

    def cells(self, page: PageEntry) -> tuple[Cell, ...]:
        """All cells that share the page's kernel, in order. Raises OSError, UnicodeDecodeError."""

    def slots(self, page: PageEntry) -> Mapping[int, Slot]:
        """Where the learner's version of each of these is kept."""

    def read(self, page: PageEntry) -> Page:
        """What it says. Raises OSError, UnicodeDecodeError."""
