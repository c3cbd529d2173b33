"""The plan of notes: every box of every file, ticked in the file where that can be, in the progress store elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui.course.notes.file import why
from ptlearn_tui.course.notes.outline import slug, unique
from ptlearn_tui.course.notes.tick import tick as tick_in_file
from ptlearn_tui.course.notes.tick import writable
from ptlearn_tui.course.plan import load_plan
from ptlearn_tui.locale import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptlearn_tui.course.notes.notes import Notes, NotesFile
    from ptlearn_tui.course.notes.outline import Task
    from ptlearn_tui.course.plan import Item, PageEntry, Plan
    from ptlearn_tui.course.progress import Progress


class Entry(NamedTuple):
    """One box."""

    id: str  # its title as one word, unique in the notes
    file: NotesFile
    task: Task

    @property
    def key(self) -> str:
        """In the progress store, where the file takes no ticks."""
        return f"{self.file.key}#{self.task.title}" + (f"#{self.task.nth + 1}" if self.task.nth else "")


def entries(notes: Notes) -> list[Entry]:
    """In order."""
    taken: dict[str, int] = {}
    return [Entry(unique(slug(task.title), taken), file, task) for file in notes.files for task in file.outline.tasks]


def find(notes: Notes, wanted: str) -> Entry | None:
    """By its id, its title, or its number from 1."""
    every = entries(notes)
    named = next((each for each in every if wanted in (each.id, each.task.title)), None)
    number = int(wanted) if wanted.isdecimal() else 0
    return named or (every[number - 1] if 0 < number <= len(every) else None)


def refuses(file: NotesFile) -> str | None:
    """Why a tick can't be written into the file; None where it can."""
    return writable(file.path) if file.ticks else file.path.suffix


def is_done(entry: Entry, kept: Mapping[str, bool], *, in_store: bool | None = None) -> bool:
    """`kept` is what the store has; it counts where the file takes no ticks."""
    if in_store is None:
        in_store = refuses(entry.file) is not None
    return kept.get(entry.key, entry.task.done) if in_store else entry.task.done


def tick(progress: Progress, entry: Entry, *, done: bool, in_store: bool = False) -> str | None:
    """On disk when this returns; why it went into the store and not into the file, or None.

    Raises `RequestError` where the item is no longer in the file, `sqlite3.Error`.
    """
    reason: str | None = None
    if not in_store and entry.file.ticks:
        try:
            tick_in_file(entry.file.path, entry.task, done=done)
            return None
        except OSError as error:
            reason = why(error)
    elif not in_store:
        reason = entry.file.path.suffix
    progress.tick(entry.key, done=done)
    return reason


class Leads:
    """What a box leads to: the page of its title, and the course's item, whose title may be in either language."""

    def __init__(self, notes: Notes, plan: Plan) -> None:
        self._pages = {_bare(page.title): page for page in reversed(notes.pages)}  # of several, the first
        every = ((item, plan.item(item.id)) for language in LANGUAGES for item in load_plan(language).items)
        self._items = {_bare(item.title): here for item, here in every}

    def __call__(self, title: str) -> tuple[PageEntry | None, Item | None]:
        """Of a title; markup, punctuation and capitals make no difference."""
        wanted = _bare(title)
        return self._pages.get(wanted), self._items.get(wanted)


def _bare(title: str) -> str:
    return "".join(character for character in title.casefold() if character.isalnum())
