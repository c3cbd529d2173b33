"""A page of a lesson: prose and cells at the left, what the cells made beside them (or in a sheet below)."""

from __future__ import annotations

import re
import sqlite3
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.containers import Container
from textual.content import Content

from ptlearn_tui.course.page import Cell
from ptlearn_tui.home import output_folder
from ptlearn_tui.locale import t
from ptlearn_tui.tui import lesson_hints, lesson_page, lesson_words
from ptlearn_tui.tui.kept import Kept
from ptlearn_tui.tui.screens.asking import AskingScreen
from ptlearn_tui.tui.screens.base import WIDE
from ptlearn_tui.tui.session import Session
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.page_text import PageText
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.remark import Remark
from ptlearn_tui.tui.widgets.side import Side

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.course.course import Course
    from ptlearn_tui.course.plan import PageEntry


class LessonScreen(AskingScreen):
    """One page of the course, and the way from page to page."""

    CSS_PATH = "lesson.tcss"
    AUTO_FOCUS = ""  # a page without cells has none for the keys: a panel would take them
    BINDINGS: ClassVar = [
        Binding("tab", "app.focus_next", "next cell or panel", show=False),
        Binding("shift+tab", "app.focus_previous", "previous cell or panel", show=False),
        Binding("enter", "begin", "to the first question or cell", show=False),
        Binding("n", "next_page", "next page", show=False),
        Binding("p", "previous_page", "previous page", show=False),
        Binding("o", "remark", "write a remark of your own on this page", show=False),
        Binding("escape", "back", "back to the text, then to the plan", show=False),
        Binding("down,j", "scroll_page(1)", "scroll", show=False),
        Binding("up,k", "scroll_page(-1)", "scroll", show=False),
        Binding("space", "film", "graph: play backward() as a film, or pause", show=False, priority=True),
        Binding("space", "scroll_page(20)", "a screen down", show=False),
        Binding("b", "scroll_page(-20)", "a screen up", show=False),
    ]

    def __init__(self, course: Course, entry: PageEntry) -> None:
        """`course` as it is now; raises OSError, UnicodeDecodeError."""
        unit = course.unit(entry)
        name = re.sub(r"[^\w.-]+", "-", unit).strip("-.")[-80:]
        super().__init__(Session(lesson_page.cells(course, entry), output_folder() / name), unit)
        self.entry = entry
        self.kept: Kept | None = None

    @property
    def course(self) -> Course:
        """Whose page this is, as it stands now: in the language in use, as the file was read last."""
        return self.dashboard.course_of(self.entry)

    # ---- what is on it -----------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Text and cells, then the panels."""
        course = self.course
        self.kept = Kept(self.dashboard.progress, course.unit(self.entry), course.slots(self.entry), self.session)
        try:
            self.kept.load()
        except sqlite3.Error as error:
            self.dashboard.say(t("your edits can't be read: {why}", why=error), "error")
        yield Header()
        with Container(id="body"):
            yield self._page()
            yield Side(self.session)
        yield Footer()

    def _page(self) -> PageText:
        assert self.kept is not None
        page, known = lesson_page.read(self.course, self.entry), self.session
        cells = known.identity
        blocks = tuple(known.cells[cells[each.index]] if isinstance(each, Cell) else each for each in page.blocks)
        self.ask(self.entry.key, [block for block in blocks if isinstance(block, Cell)])
        return PageText(self.entry.key, replace(page, blocks=blocks), known, self.kept, self.questions)

    def on_mount(self) -> None:
        """Opened at its begin; the first cell has the keys, so that enter runs it."""
        self._to_first_cell()
        self.speak()
        self.call_after_refresh(self.show_hints)  # a page without cells never gets the keys
        self.set_interval(0.5, self._pulse)
        self.keep_place()

    def _to_first_cell(self) -> None:
        """It gets the keys; a question would take letters for its answer, so that one waits for enter or tab."""
        own = self._first()
        self.set_focus(None)
        if own is not None and not self.text.is_asked(own.cell.index):
            own.focus(scroll_visible=False)

    def _first(self) -> CodeCell | None:
        return next((cell for cell in self.text.cells if not cell.cell.prelude), None)  # which runs before it anyway

    def action_begin(self) -> None:
        """Where nothing has the keys yet."""
        own = self._first()
        if own is not None:
            self.text.focus_on(own.cell.index)

    def on_screen_resume(self) -> None:
        """Back on this page: it is the place again, and the window may have changed."""
        if self.is_mounted:
            self.keep_place()
            self.show_status()

    def on_resize(self, event: object) -> None:
        """Side by side from 100 columns; below, a sheet."""
        super().on_resize(event)  # type: ignore[arg-type]
        self.side.settle()
        self.show_status()

    def speak(self) -> None:
        """The page in the language in use; cells keep what they made."""
        entry = self.course.page(self.entry.key)
        if entry is not None and entry != self.entry:
            self.entry = entry
            self.text.retell(lesson_page.read(self.course, entry))
        self.show_status()
        self.show_hints()
        self.show_record()

    def show_status(self) -> None:
        """Where we are, and how the kernel is."""
        dashboard, wide = self.dashboard, self.app.size.width >= WIDE
        seconds = time.monotonic() - dashboard.started
        self.header.status = Content.assemble(
            lesson_words.place(self.course, self.entry, wide=wide),
            "      " if wide else "   ",
            lesson_words.kernel(self.session, dashboard.torch_state, seconds, self.app.size.width),
        )
        room = self.app.size.width - self.header.status.cell_length - 20 if wide else 0  # 20: the other language
        self.header.title = lesson_words.title(self.course, self.entry, room)

    def _pulse(self) -> None:
        """Twice a second: the seconds of what runs, the memory of the kernel, what comes after a cell's end."""
        for event in self.session.late():
            self.inbox.put(event.cell if isinstance(event.cell, int) else 0, event)
        if not self.is_current:
            return
        self.show_status()
        if self.session.running is not None:
            self.changed(self.session.running)

    def hints(self) -> tuple[Hint, ...]:
        """What the focused thing can do now."""
        last = self.course.neighbours(self.entry)[1] is None
        return tuple(
            hint for hint in lesson_hints.hints(self.focused, self.session) if not last or hint.action != "next_page"
        )

    def seek(self, question: str, words: str) -> None:
        """A question, which is asked again; or the place where all the words stand."""
        if question:
            self.ask_again(question)
        elif words:
            self.text.seek(words)

    # ---- moving about ------------------------------------------------------------------------------------------

    def on_descendant_focus(self, event: object) -> None:
        """The panels follow the cell that has the keys, if it has something to show."""
        super().on_descendant_focus(event)  # type: ignore[arg-type]
        if isinstance(self.focused, CodeCell) and self.session.running is None:
            index, record = self.focused.cell.index, self.focused.record
            if (record.number or record.run is not None) and index != self.session.shown:
                self.session.shown = index
                self.show_record()

    def action_scroll_page(self, step: int) -> None:
        """A line, or a screen less two lines that keep the place."""
        if abs(step) > 1:
            step = (self.text.size.height - 2) * (1 if step > 0 else -1)
        self.text.scroll_relative(y=step, animate=False)
        self.call_after_refresh(self._note_read)

    def action_back(self) -> None:
        """From a panel to the text; from the text one level up."""
        if isinstance(self.focused, Panel):
            self.focus_text()
        else:
            self.dashboard.action_leave()

    async def action_remark(self) -> None:
        """At the end of the page, kept as it is written."""
        await self.text.query_one(Remark).open()

    @on(Remark.Closed)
    def _remark_closed(self) -> None:
        self._to_first_cell()

    def action_next_page(self) -> None:
        """This page counts as read from here on."""
        self.keep_read()
        following = self.course.neighbours(self.entry)[1]
        if following is None:
            self.dashboard.say(t("this is the last page; q leads back to the plan"))
        else:
            self.turn_to(following)

    def action_previous_page(self) -> None:
        """One page back."""
        before = self.course.neighbours(self.entry)[0]
        if before is None:
            self.dashboard.say(t("this is the first page"))
        else:
            self.turn_to(before)

    def turn_to(self, entry: PageEntry) -> None:
        """A page with the same kernel takes this one's place; another has a screen of its own."""
        if self.course.unit(entry) == self.course.unit(self.entry):
            self.open_here(entry)
        else:
            self.dashboard.turn_to(entry)

    def open_here(self, entry: PageEntry) -> None:
        """Another page of the same file: the kernel, and what its cells have made, stay."""
        if entry.key == self.entry.key:
            return
        self.entry = entry
        self.replace_page()
        self.keep_place()

    @work(group="page", exclusive=True, exit_on_error=False, description="lay the page out anew")
    async def replace_page(self, *, keep: bool = False) -> None:
        """At its begin, or where it is now."""
        old, new = self.text, self._page()
        focused = self.focused.cell.index if isinstance(self.focused, CodeCell) else None
        had_keys = focused is not None or self.focused is None
        top = old.scroll_offset.y if keep else 0
        await self.query_one("#body").mount(new, before=old)
        await old.remove()
        if keep and focused in self.session.on_page:
            self.cell(focused or 0).focus(scroll_visible=False)
        elif had_keys:
            self._to_first_cell()
        self.call_after_refresh(new.scroll_to, y=top, animate=False)
        self.show_status()
        self.show_hints()

    # ---- what is kept ------------------------------------------------------------------------------------------

    def keep_place(self) -> None:
        """Go on starts here next time."""
        if self.entry.is_aside:
            return
        self.dashboard.writer.keep(partial(self.dashboard.progress.remember, self.course.place, self.entry.key))

    def cell_ended(self, index: int) -> None:
        """The page may have been read with that."""
        super().cell_ended(index)
        self.judge(index)
        self._note_read()
        if self.kept is not None and self.session.records[index].output.lines:
            self.dashboard.writer.keep(partial(self.kept.output, index))

    def _note_read(self) -> None:
        """Read is a page whose end was in sight and whose cells have run."""
        if self.text.at_end and self.session.all_ran:
            self.keep_read()

    def keep_read(self) -> None:
        """On disk, so that the plan's bars tell the truth."""
        self.dashboard.writer.keep(partial(self.dashboard.progress.read, self.entry.key))
