"""A page of somebody's notes: a lesson whose file may change under it, and whose code nobody has vouched for."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding
from textual.widgets import TextArea

from ptlearn_tui.locale import t
from ptlearn_tui.tui.screens.consent import Consent
from ptlearn_tui.tui.screens.lesson import LessonScreen
from ptlearn_tui.tui.widgets.cell import CodeCell

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.course.notes.notes import Notes
    from ptlearn_tui.course.plan import PageEntry
    from ptlearn_tui.tui.widgets.page_text import PageText


class NotesLessonScreen(LessonScreen):
    """All pages of a file, one at a time, with one kernel."""

    CSS_PATH = "lesson.tcss"
    BINDINGS: ClassVar = [Binding("E", "edit_file", "the file in $EDITOR, at this place", show=False)]

    _said: object = None  # what the page said when it was laid out

    def on_mount(self) -> None:
        """The file is watched by the screen below."""
        self.watch(self.app, "notes", self._reread, init=False)

    # ---- code that nobody has vouched for ------------------------------------------------------------------------

    @property
    def _trust(self) -> str:
        return f"trusted {self.key}"

    def with_consent(self, cells: list[int], agreed: Callable[[], None]) -> None:
        """Asked for once a file; what will run is shown."""
        session, progress = self.session, self.dashboard.progress
        try:
            trusted = progress.setting(self._trust) is not None
        except sqlite3.Error:
            trusted = False
        if trusted:
            agreed()
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.dashboard.writer.keep(partial(progress.remember, self._trust, "yes"))
                agreed()

        first = [session.prelude] if session.prelude is not None and session.prelude not in cells else []
        shown = [(self._called(index), session.source(index)) for index in [*first, *cells]]
        file = self.dashboard.notes.file(self.entry.item) if self.dashboard.notes else None
        self.app.push_screen(Consent(file.name if file else self.entry.item, shown), answered)

    def _called(self, index: int) -> str:
        return t("prelude") if index == self.session.prelude else t("cell {n}", n=index + 1)

    def cell_ended(self, index: int) -> None:
        """A prelude that fails may stand on another page."""
        super().cell_ended(index)
        if index == self.session.prelude and self.session.records[index].state == "failed":
            self.dashboard.say(t("the prelude has failed: 1 shows why"), "error")

    # ---- the file ------------------------------------------------------------------------------------------------

    def action_edit_file(self) -> None:
        """At the cell that has the keys, or where the page begins."""
        line = self.focused.cell.line if isinstance(self.focused, CodeCell) else 0
        notes = self.dashboard.notes
        self.dashboard.edit_file(self.entry.path, line or (notes.line(self.entry) if notes is not None else 1))

    def _content(self) -> object:
        """What the page says, to see whether it says something else."""
        notes = self.dashboard.notes
        file = notes.file(self.entry.item) if notes is not None else None
        if file is None:
            return None
        section = file.outline.sections[self.entry.number - 1]
        return file.outline.lines[section.begin : section.end], self.entry.title

    def _reread(self) -> None:
        """The file has changed: place, kernel, and what unchanged cells have made stay."""
        notes = self.dashboard.notes
        file = notes.file(self.entry.item) if notes is not None else None
        if notes is None or file is None or not file.pages:
            self.dashboard.say(t("the file is gone, or empty: this is how it was"))
            return
        self.session.adopt(file.runnable)
        self.entry = self._entry(notes)
        if self.kept is not None:
            self.keep_edits()
        self._follow()
        self.show_status()

    def _page(self) -> PageText:
        """What it says now is remembered."""
        self._said = self._content()
        return super()._page()

    def _pulse(self) -> None:
        """A page that was being written on follows its file afterwards."""
        super()._pulse()
        self._follow()

    def _follow(self) -> None:
        if self._content() not in (None, self._said) and not self.query(
            TextArea
        ):  # whoever writes here is not disturbed
            self.replace_page(keep=True)

    def _entry(self, notes: Notes) -> PageEntry:
        """The page of the same title; else the one in its place."""
        file = notes.file(self.entry.item)
        assert file is not None
        return notes.page(self.entry.key) or file.pages[min(self.entry.number, len(file.pages)) - 1]

    @work(group="store", exit_on_error=False, description="keep edits where their cells are now")
    async def keep_edits(self) -> None:
        """Cells that the author has changed are looked for under another name the next time."""
        slots = {self.session.identity.get(index, index): slot for index, slot in self.course.slots(self.entry).items()}
        if self.kept is not None:
            await asyncio.to_thread(self.kept.follow, slots)
