"""The learning plan: seven items in a fixed order, each a folder of pages."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from ptlearn_tui.course.page import Cell, Page

PLAN_IDS = ("setup", "tensors", "autograd", "networks", "training", "data", "projects")

# Bounded: a few thousand levels of brackets overflow the stack of PyYAML's C parser, which ends the process.
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.{0,8000}?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)

# `key: words` and `key: "words"`, where YAML has no other reading of the words than a string (or a number).
_SIMPLE = re.compile(r'(\w+): (?:"([^"\\]+)"|((?!(?:true|false|null|yes|no|on|off)\s*$)\w[^:#]*))', re.IGNORECASE)


SHEET = "cheatsheet"  # the id of an item's cheat sheet
EXERCISE = "exercise "  # before the item's id in an exercise's entry


class PageEntry(NamedTuple):
    """A page, or an exercise, as the plan knows it: its front matter, not yet its text."""

    item: str  # of the plan; "exercise autograd" for an exercise of it
    id: str
    number: int  # 1-based, within the item; 0 for the start page
    title: str
    minutes: int
    path: Path

    @property
    def key(self) -> str:
        """`autograd/scalar`: the page's name in the progress store and on the command line."""
        return f"{self.item}/{self.id}"

    @property
    def plan_id(self) -> str:
        """Of the item that it belongs to."""
        return self.item.removeprefix(EXERCISE)

    @property
    def is_aside(self) -> bool:
        """A cheat sheet, or the glossary: nobody goes on there."""
        return not self.number and self.item != "start"

    @property
    def is_exercise(self) -> bool:
        """Whether it is one, and no page."""
        return self.item.startswith(EXERCISE)


class Item(NamedTuple):
    """One line of the checklist."""

    id: str
    title: str
    summary: str
    pages: tuple[PageEntry, ...]
    exercises: tuple[PageEntry, ...]
    sheet: PageEntry | None = None  # the cheat sheet

    @property
    def minutes(self) -> int:
        """Reading time of all pages."""
        return sum(page.minutes for page in self.pages)


class Plan(NamedTuple):
    """The course in one language."""

    language: str
    items: tuple[Item, ...]
    start: PageEntry
    glossary: PageEntry | None = None

    def item(self, item_id: str) -> Item:
        """The item of that id. Raises KeyError."""
        return next((item for item in self.items if item.id == item_id), None) or _missing(item_id)

    def page(self, key: str) -> PageEntry | None:
        """The page of `item/page`, the exercise of `exercise item/exercise`, or None."""
        return next((page for page in self.every if page.key == key), None)

    @property
    def every(self) -> list[PageEntry]:
        """All that can be read, in order, the cheat sheets and the glossary last."""
        aside = (*(item.sheet for item in self.items), self.glossary)
        return [self.start, *self._in_order, *(page for page in aside if page is not None)]

    @property
    def _in_order(self) -> list[PageEntry]:
        return [page for item in self.items for page in (*item.pages, *item.exercises)]

    def neighbours(self, page: PageEntry) -> tuple[PageEntry | None, PageEntry | None]:
        """What is before and after: an item's last page leads to its exercises, and they to the next item."""
        pages = self._in_order
        if page not in pages:
            return None, None if page.is_aside else pages[0]
        at = pages.index(page)
        return (pages[at - 1] if at else None), (pages[at + 1] if at + 1 < len(pages) else None)

    # ---- as a course ---------------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """The setting that remembers the page that was open last."""
        return "place"

    def crumbs(self, page: PageEntry) -> tuple[str, ...]:
        """`Autograd`, `3 Backward from a scalar`."""
        if not page.number:
            return (self.item(page.item).title, page.title) if page.id == SHEET else (page.title,)
        number = t("Exercise {n}", n=page.number) + " " if page.is_exercise else page.number
        return (self.item(page.plan_id).title, f"{number} {page.title}")

    def beside(self, page: PageEntry) -> int:
        """The pages, or the exercises, of its item; none for the start page."""
        if not page.number:
            return 0
        item = self.item(page.plan_id)
        return len(item.exercises if page.is_exercise else item.pages)

    def unit(self, page: PageEntry) -> str:
        """Each page has a kernel of its own."""
        return page.key

    def cells(self, page: PageEntry) -> tuple[Cell, ...]:
        """The page's."""
        return self.read(page).cells

    def slots(self, page: PageEntry) -> dict[int, tuple[str, int]]:
        """By the page and the cell's number."""
        return {cell.index: (page.key, cell.index) for cell in self.cells(page)}

    def read(self, page: PageEntry) -> Page:
        """What it says; of an exercise the task, and where the learner begins. Raises OSError, UnicodeDecodeError."""
        from ptlearn_tui.course.page import read_page  # the first screen does without the parser

        if page.is_exercise:
            from ptlearn_tui.course.exercise import exercise_page

            return exercise_page(page, self.language)
        return read_page(page.path)


def _missing(item_id: str) -> Item:
    raise KeyError(item_id)


def front_matter(text: str) -> tuple[dict[str, Any], int]:
    """The YAML at a document's head, and the offset where its text begins.

    A head that is no mapping is text between two rules: nothing, and 0. Raises ValueError.
    """
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, 0
    lines = found.group(1).splitlines()
    simple = [_SIMPLE.fullmatch(line) for line in lines]
    if all(simple):  # the first screen reads every lesson's: importing a YAML parser would double its time
        return {match[1]: match[2] or match[3].rstrip() for match in simple if match}, found.end()
    import yaml

    try:
        fields = yaml.load(found.group(1), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except Exception as error:  # YAMLError, but also ValueError (`date: 2024-99-99`), KeyError (`!!bool x`), …
        raise ValueError(f"its front matter is not YAML: {error}") from error
    return (fields, found.end()) if isinstance(fields, dict) else ({}, 0)


def lessons_folder() -> Path:
    """Where the course's files are."""
    import ptlearn_lessons

    return Path(ptlearn_lessons.__file__).parent


def _entry(item: str, number: int, path: Path) -> PageEntry:
    fields, _ = front_matter(path.read_text("utf-8"))
    return PageEntry(
        item=item,
        id=str(fields["id"]),
        number=number,
        title=str(fields["title"]),
        minutes=int(fields["minutes"]),
        path=path,
    )


@cache
def load_plan(language: str) -> Plan:
    """Read every page's front matter: some twenty small files, a few milliseconds."""
    root = lessons_folder()
    described = json.loads((root / language / "items.json").read_text("utf-8"))
    items = []
    for number, item in enumerate(PLAN_IDS, 1):
        folder = root / language / f"{number:02}-{item}"
        files = sorted(folder.glob("[0-9][0-9]-*.md"))
        exercises = sorted((root / "exercises" / item).glob(f"[0-9][0-9]-*/{language}.md"))
        items.append(
            Item(
                id=item,
                title=described[item]["title"],
                summary=described[item]["summary"],
                pages=tuple(_entry(item, place, file) for place, file in enumerate(files, 1)),
                exercises=tuple(_entry(EXERCISE + item, place, file) for place, file in enumerate(exercises, 1)),
                sheet=_aside(item, folder / f"{SHEET}.md"),
            )
        )
    start, glossary = (root / language / f"{name}.md" for name in ("start", "glossary"))
    return Plan(language, tuple(items), _entry("start", 0, start), _aside("glossary", glossary))


def _aside(item: str, path: Path) -> PageEntry | None:
    return _entry(item, 0, path) if path.exists() else None
