"""Somebody's own notes: their plan, whose ticks are written into the file, and their pages. The file is watched."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from ptlearn_tui.course.notes.load import begin, changed, load
from ptlearn_tui.course.notes.plan import Leads, entries, is_done, refuses, tick
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.screens.base import BaseScreen
from ptlearn_tui.tui.screens.plan import torch_words
from ptlearn_tui.tui.theme import MUTED, STRONG
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint
from ptlearn_tui.tui.widgets.notes_list import CourseRow, GoOn, NotesList, NotesRow, PageRow, TaskRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult

    from ptlearn_tui.course.notes.notes import Notes, NotesFile
    from ptlearn_tui.course.notes.plan import Entry
    from ptlearn_tui.course.plan import PageEntry
    from ptlearn_tui.tui.opened import OpenedNotes

LOOK = 0.7  # seconds between looks at the file


class Read(Message):
    """The notes as they are on disk now; or why they can't be read."""

    def __init__(self, notes: Notes | None, why: str = "", unwritable: dict[str, str] | None = None) -> None:
        super().__init__()
        self.notes = notes
        self.why = why
        self.unwritable = unwritable or {}


class NotesScreen(BaseScreen):
    """The first screen of `open PATH`."""

    BINDINGS: ClassVar = [
        Binding("w", "runs", "training runs", show=False),
        Binding("E", "edit_file", "the file in $EDITOR", show=False),
    ]

    def __init__(self, opened: OpenedNotes, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.path, self.read_only, self.prelude, _ = opened
        self.unwritable: dict[str, str] = {}  # files that take no ticks, by key: why
        self._why = ""
        self._looking = False

    def compose(self) -> ComposeResult:
        """One list."""
        yield Header()
        with VerticalScroll(id="body", can_focus=False):
            yield NotesList(id="notes")
        yield Footer()

    def on_mount(self) -> None:
        """Read in a thread: five megabytes take a second."""
        super().on_mount()
        self.watch(self.app, "revision", self.show_rows, init=False)
        self.query_one(NotesList).focus()
        self.speak()
        self.look()
        self.set_interval(LOOK, self.look)
        self.set_interval(1.0, self.show_status)

    def on_screen_resume(self) -> None:
        """Back from a page."""
        if self.is_mounted:
            self.show_rows()

    # ---- the file ----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """One look at a time: a large file takes longer than the time between two."""
        if not self._looking:
            self._looking = True
            self.read()

    @work(thread=True, group="notes", exit_on_error=False, description="read the notes")
    def read(self) -> None:
        """Read anew what has changed."""
        before = self.dashboard.notes
        try:
            first = begin(self.path, prelude=self.prelude) if before is None else None
            if first is not None:
                self.post_message(Read(first))
            stale = before is None or changed(before)
            notes = load(self.path, prelude=self.prelude, known=before) if stale or before is None else before
            _ = notes.pages  # made here, not while keys wait
            refusals = {file.key: refuses(file) for file in notes.files if file.outline.tasks}
            unwritable = {key: why for key, why in refusals.items() if why}
            if notes is not before or unwritable != self.unwritable:
                self.post_message(Read(notes, unwritable=unwritable))
        except RequestError as error:
            self.post_message(Read(None, str(error)))
        finally:
            self._looking = False

    @on(Read)
    def _read(self, message: Read) -> None:
        if message.notes is None:
            if message.why != self._why:
                self._why = message.why
                self.dashboard.say(message.why, "error")
        else:
            self._why = ""
            self.unwritable = message.unwritable
            self.dashboard.notes = message.notes
        self.show_rows()

    # ---- what is shown -----------------------------------------------------------------------------------------

    def speak(self) -> None:
        """In the language in use."""
        name = safe(self.path.name or str(self.path))
        self.header.title = Content.assemble(("ptlearn", STRONG), "   ", (name, MUTED))
        self.show_status()
        self.show_rows()

    def show_status(self) -> None:
        """As on the plan."""
        self.header.status = torch_words(self.dashboard)

    def show_rows(self) -> None:
        """Lay the notes out anew."""
        notes, listing = self.dashboard.notes, self.query_one(NotesList)
        if notes is None:
            listing.remarks = (self._why or t("reading {name}", name=self.path.name),)
            return
        progress = self.dashboard.progress
        try:
            kept, read, place = progress.ticks(), progress.pages_read(), progress.setting(notes.place)
        except sqlite3.Error:  # another shell is writing; the next look shows it
            if listing.rows:
                return
            kept, read, place = {}, frozenset(), None
        self.app.sub_title = notes.title
        listing.rows = tuple(self._rows(notes, kept, read, place))
        listing.remarks = tuple(self._remarks(notes))
        self.show_hints()

    def _rows(self, notes: Notes, kept: dict[str, bool], read: frozenset[str], place: str | None) -> Iterator[NotesRow]:
        page = notes.page(place) if place else None
        if notes.pages:
            runs = (each for file in notes.files for each in file.pages if file.count(each))
            yield GoOn(page or next(runs, notes.pages[0]), first=page is None)
        leads = Leads(notes, self.dashboard.plan)
        for entry in entries(notes):
            done = is_done(entry, kept, in_store=self._in_store(entry.file))
            yield TaskRow(entry, done, *leads(entry.task.title))
        under = ""
        for file in notes.files:
            for page in file.pages:
                now = " › ".join([*([file.name] if len(notes.files) > 1 else []), *file.above(page)])
                yield PageRow(page, now if now != under else "", file.count(page), page.key in read)
                under = now
        yield CourseRow()

    def _in_store(self, file: NotesFile) -> bool:
        """Whether its ticks are kept in the progress store."""
        return self.read_only or file.key in self.unwritable

    def _remarks(self, notes: Notes) -> Iterator[str]:
        if self._why:
            yield t("{why}: this is how it was", why=self._why)
        elif not notes.whole:
            yield t("reading the rest")
        if self.read_only:
            yield t("read only: ticks are kept here, not in the file")
        else:
            for file in notes.files:
                if file.key in self.unwritable:
                    why = self.unwritable[file.key]
                    yield t("{name} can't be written ({why}): ticks are kept here", name=file.name, why=why)
        for file in notes.files:
            if file.broken:
                yield t("{name}: {n} bytes are not of its encoding; they are shown as �", name=file.name, n=file.broken)
        if not notes.pages:
            yield t("nothing is written here yet")
        yield from notes.refused

    def hints(self) -> tuple[Hint, ...]:
        """What the row offers."""
        row = self.query_one(NotesList).current
        ticks = (Hint("space", t("tick"), "tick"),) if isinstance(row, TaskRow) else ()
        course = (Hint("c", t("course"), "course"),) if isinstance(row, TaskRow) and row.item and row.page else ()
        return (
            Hint("enter", t("open"), "open"),
            *ticks,
            *course,
            Hint("↑ ↓", t("move"), "move"),
            Hint("E", t("edit the file"), "edit_file"),
            Hint("q", t("quit"), "app.leave"),
        )

    # ---- what is done ------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """The footer's enter."""
        self.query_one(NotesList).action_open()

    def action_tick(self) -> None:
        """The footer's space."""
        self.query_one(NotesList).action_tick()

    def action_course(self) -> None:
        """The footer's c."""
        self.query_one(NotesList).action_course()

    def action_move(self) -> None:
        """The footer's arrows."""
        self.query_one(NotesList).action_move(1)

    def action_runs(self) -> None:
        """The list of training runs."""
        from ptlearn_tui.tui.screens.runs import RunsScreen

        self.app.push_screen(RunsScreen())

    def action_edit_file(self) -> None:
        """At the line of what is in focus."""
        row = self.query_one(NotesList).current
        match row:
            case TaskRow(entry=entry):
                self.dashboard.edit_file(entry.file.path, entry.task.line if entry.file.ticks else 1)
            case PageRow(page=page) | GoOn(page=page):
                self.dashboard.edit_file(page.path, self._line(page))
            case _ if self.path.is_file():
                self.dashboard.edit_file(self.path, 1)

    def _line(self, page: PageEntry) -> int:
        notes = self.dashboard.notes
        return notes.line(page) if notes is not None else 1

    @on(NotesList.Moved)
    def _moved(self) -> None:
        self.show_hints()

    @on(NotesList.Opened)
    def _opened(self, message: NotesList.Opened) -> None:
        match message.row:
            case GoOn(page=page) | PageRow(page=page):
                self.dashboard.open_page(page)
            case TaskRow(page=page, item=item) if page is not None:
                self.dashboard.open_page(page)
            case TaskRow(item=item) if item is not None:
                self.dashboard.open_item(item)
            case TaskRow():
                self.dashboard.say(t("no page here has that title; space ticks it"))
            case CourseRow():
                self.dashboard.open_plan()

    @on(NotesList.Course)
    def _course(self, message: NotesList.Course) -> None:
        if isinstance(message.row, TaskRow) and message.row.item is not None:
            self.dashboard.open_item(message.row.item)

    @on(NotesList.Ticked)
    def _ticked(self, message: NotesList.Ticked) -> None:
        if isinstance(message.row, TaskRow):
            self.keep_tick(message.row)

    @work(group="store", exit_on_error=False, description="keep a tick")
    async def keep_tick(self, row: TaskRow) -> None:
        """Shown once it is on disk, not before."""
        await self.dashboard.writer.keep(
            partial(self._write, row.entry, not row.done),
            lambda why: t("the tick could not be kept: {why}", why=why),
        )
        self.look()
        self.show_rows()

    def _write(self, entry: Entry, done: bool) -> None:
        """In a thread."""
        why = tick(self.dashboard.progress, entry, done=done, in_store=self._in_store(entry.file))
        if why:
            self.unwritable[entry.file.key] = why
