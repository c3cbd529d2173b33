"""Notes as a course: files with their pages, cells and plan, in the same terms as the course's own."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptlearn_tui.course.notes.blocks import blocks
from ptlearn_tui.course.notes.bounded import reader
from ptlearn_tui.course.notes.outline import titled
from ptlearn_tui.course.page import Block, Cell, Page
from ptlearn_tui.course.plan import PageEntry

if TYPE_CHECKING:
    from ptlearn_tui.course.course import Slot
    from ptlearn_tui.course.notes.file import Signature
    from ptlearn_tui.course.notes.outline import Outline, Section

_WIDE = re.compile("[\u2e81-\U0010ffff]+")


@dataclass(frozen=True)
class NotesFile:
    """One file: what it holds, and what its kernel begins with."""

    path: Path
    name: str  # in its folder, or of itself
    key: str  # in the progress store: the same wherever the home folder is
    signature: Signature
    outline: Outline
    cells: tuple[Cell, ...]
    prelude: Cell | None
    encoding: str = "utf-8"
    broken: int = 0  # bytes that are of no character
    ticks: bool = True  # whether its boxes stand in the file itself, so that a tick can be written there

    @property
    def title(self) -> str:
        """As its author has it, or its name."""
        return titled(self.outline.fields) or self.name

    @cached_property
    def pages(self) -> tuple[PageEntry, ...]:
        """In order; the numbers are those that people see."""
        return tuple(
            PageEntry(self.key, each.id, number, each.title, self._minutes(each), self.path)
            for number, each in enumerate(self.outline.sections, 1)
        )

    def above(self, page: PageEntry) -> tuple[str, ...]:
        """The headings that a page stands under; the one that all of the file stands under is its title."""
        above = self.outline.sections[page.number - 1].above
        return above[1:] if above[:1] == self._whole else above

    @cached_property
    def _whole(self) -> tuple[str, ...]:
        sections = self.outline.sections
        tops = {each.above[0] if each.above else each.title for each in sections}
        return tuple(tops) if len(tops) == 1 and len(sections) > 1 else ()

    def count(self, page: PageEntry) -> int:
        """The cells of a page."""
        return self.outline.sections[page.number - 1].count

    @property
    def runnable(self) -> tuple[Cell, ...]:
        """What its kernel runs, in order, the prelude first."""
        return (self.prelude, *self.cells) if self.prelude is not None else self.cells

    def _minutes(self, section: Section) -> int:
        """300 Chinese characters or 200 words a minute, half a minute a cell."""
        text = "\n".join(self.outline.lines[section.begin : section.end])
        wide = len("".join(_WIDE.findall(text)))
        return max(1, round(wide / 300 + len(text.split()) / 200 + section.count / 2))

    @cached_property
    def slots(self) -> dict[int, Slot]:
        """By what a cell says: the learner's version follows it wherever it moves in the file."""
        found: dict[int, Slot] = {}
        counts: dict[str, int] = {}
        for cell in self.runnable:
            digest = hashlib.sha256(cell.source.encode("utf-8", "replace")).hexdigest()
            name = "prelude" if cell.prelude else digest[:16]
            nth = counts[name] = counts.get(name, -1) + 1
            found[cell.index] = (f"{self.key}#{name}", nth)
        return found

    def read(self, id: str) -> Page:
        """What a page says. The prelude stands before the first cell of all."""
        section = next(each for each in self.outline.sections if each.id == id)
        lines = self.outline.lines[section.begin : section.end]
        env: dict[str, Any] = {"references": dict(self.outline.references)}
        found: list[Block] = []
        for block in blocks(reader().parse("\n".join(lines), env), lines, section.first):
            if isinstance(block, Cell):
                if not block.index and self.prelude is not None:
                    found.append(self.prelude)
                block = self.cells[block.index]
            found.append(block)
        return Page(section.title, tuple(found))


@dataclass(frozen=True)
class Notes:
    """What was opened."""

    path: Path
    files: tuple[NotesFile, ...]
    refused: tuple[str, ...] = ()  # files of the folder that can't be shown, each with the reason
    whole: bool = True

    @property
    def title(self) -> str:
        """The file's name, or the folder's."""
        return self.path.name or str(self.path)

    @property
    def key(self) -> str:
        """In the progress store."""
        return key(self.path)

    @cached_property
    def pages(self) -> tuple[PageEntry, ...]:
        """Of all files, in order."""
        return tuple(page for file in self.files for page in file.pages)

    def file(self, key: str) -> NotesFile | None:
        """The file of that key."""
        return next((each for each in self.files if each.key == key), None)

    # ---- as a course ---------------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """The setting that remembers the page that was open last."""
        return f"place {self.key}"

    def page(self, key: str) -> PageEntry | None:
        """The page of that key."""
        return self.pages[self._places[key]] if key in self._places else None

    def neighbours(self, page: PageEntry) -> tuple[PageEntry | None, PageEntry | None]:
        """The pages before and after, across files."""
        at = self._places.get(page.key)
        if at is None:
            return None, (self.pages[0] if self.pages else None)
        return (self.pages[at - 1] if at else None), (self.pages[at + 1] if at + 1 < len(self.pages) else None)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {page.key: at for at, page in enumerate(self.pages)}

    def crumbs(self, page: PageEntry) -> tuple[str, ...]:
        """The heading that it stands under, or the file; and its number and title."""
        file = self._of(page)
        above = file.above(page)
        return above[-1] if above else file.name, f"{page.number} {page.title}"

    def beside(self, page: PageEntry) -> int:
        """The pages of its file."""
        return len(self._of(page).pages)

    def unit(self, page: PageEntry) -> str:
        """A file has one kernel."""
        return page.item

    def cells(self, page: PageEntry) -> tuple[Cell, ...]:
        """The file's, the prelude first."""
        return self._of(page).runnable

    def slots(self, page: PageEntry) -> dict[int, Slot]:
        """By what a cell says."""
        return self._of(page).slots

    def read(self, page: PageEntry) -> Page:
        """A page of its file, which is read already."""
        return self._of(page).read(page.id)

    def line(self, page: PageEntry) -> int:
        """Where it begins in its file, 1-based; of a notebook or a script only its first cell's place is known."""
        file = self._of(page)
        section = file.outline.sections[page.number - 1]
        if file.ticks:
            return section.begin + 1
        return file.cells[section.first].line if section.count else 1

    def _of(self, page: PageEntry) -> NotesFile:
        file = self.file(page.item)
        if file is None:
            raise KeyError(page.item)
        return file


def key(path: Path) -> str:
    """`~/notes/pytorch.md`: the same on a laptop and on a GPU box, where homes have other names."""
    try:
        name = f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        name = str(path)
    return name.encode("utf-8", "backslashreplace").decode()  # a name's bytes that are of no character
