"""A screen with cells that run: a worker thread drives the kernel, and what it reads becomes messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.message import Message

from ptlearn_tui.locale import t
from ptlearn_tui.tui.inbox import Inbox
from ptlearn_tui.tui.screens.base import BaseScreen
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.session import OBEY, Session
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.editor import Editor
from ptlearn_tui.tui.widgets.page_text import PageText
from ptlearn_tui.tui.widgets.side import Side
from ptlearn_tui.tui.widgets.tabs import PANELS, Tabs

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.course.page import Cell

FRAME = 1 / 30  # seconds between looks at what the kernel has sent


class Arrived(Message):
    """The worker has put events into the inbox."""


class RunningScreen(BaseScreen):
    """Runs the cells of a session, stops them, steps through them."""

    BINDINGS: ClassVar = [
        Binding("a", "run_all", "run all cells from the top", show=False),
        Binding("f", "full", "in full: the column, a library's frames", show=False),
        Binding("l", "loop_end", "stepping: to the end of the loop", show=False),
        Binding("R", "restart", "a fresh kernel, and run all above", show=False),
        Binding("K", "kill", "kill the kernel and start anew", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.inbox = Inbox(lambda: self.post_message(Arrived()))
        self._offered = False  # K, for what does not obey

    def on_mount(self) -> None:
        """A cell may wait for torch."""
        self.watch(self.app, "torch_state", self._torch_loaded, init=False)

    def on_unmount(self) -> None:
        """The page is put away for good, or the program ends: so does the kernel."""
        self.session.kill()
        self.inbox.close()

    @property
    def side(self) -> Side:
        """The panels."""
        return self.query_one(Side)

    @property
    def text(self) -> PageText:
        """The prose and the cells."""
        return self.query_one(PageText)

    def cell(self, index: int) -> CodeCell:
        """A cell's widget; of one that stands on this page."""
        return self.text.cell(index)

    def changed(self, *cells: int) -> None:
        """Cells whose records have changed; one on another page, or on one that is just being made, is drawn then."""
        for index in cells:
            for cell in self.text.query(f"#cell-{index}").results(CodeCell):
                cell.changed()

    def show_record(self) -> None:
        """The panels show the cell that ran or has the keys."""
        if self.session.shown is not None:
            self.side.query_one(Tabs).about = t("cell {n}", n=self.session.shown + 1)
        self.side.changed(*PANELS)
        self.side.draw(at_once=True)

    @on(CodeCell.Run)
    def _run_asked(self, message: CodeCell.Run) -> None:
        if message.index == self.session.running and self._go("end"):
            return
        self.queue([message.index])
        following = self.session.following(message.index)
        if message.go_on and following is not None:
            self.text.focus_on(following)
            self.text.keep_in_sight(message.index)

    @on(CodeCell.StepThrough)
    def _step_asked(self, message: CodeCell.StepThrough) -> None:
        """The next step, or the first."""
        if not self._go("next") and message.index != self.session.running:
            self.session.stepping.add(message.index)
            self.queue([message.index])

    def action_loop_end(self) -> None:
        """A cell that is stepped through: on to the end of the loop."""
        if not self._go("loop"):
            self.dashboard.say(t("no cell is stepped through: t begins"))

    def _go(self, how: str) -> bool:
        stood = self.session.running
        if stood is None or not self.session.go(how):
            return False
        self.changed(stood)
        self.show_hints()
        return True

    def action_run_all(self) -> None:
        """Every cell from the top, but those that wait to be asked for themselves."""
        self.queue(self.session.by_themselves)

    def action_restart(self) -> None:
        """A fresh kernel that has run all above the cell with the keys, so that it stands where its text does."""
        at = self.focused.cell.index if isinstance(self.focused, CodeCell) else self.session.shown
        above = self.session.above(at) if at is not None and at in self.session.order else []

        def answered(yes: bool | None) -> None:
            if yes:
                self.changed(*self.session.restart(above))
                self._next()

        if self.session.kernel is None:
            answered(True)
        else:
            question = t("Start a fresh kernel and run all above? What variables hold is lost.")
            self.app.push_screen(Question(question, t("start anew")), answered)

    def action_full(self) -> None:
        """What is shortened in the cell that has the keys, or in the one that the panels show."""
        at = self.focused.cell.index if isinstance(self.focused, CodeCell) else self.session.shown
        if at is not None:
            record = self.session.records[at]
            record.full = not record.full
            self.changed(at)
            self.show_record()
            self.show_hints()
            if not record.full and at in self.session.on_page:  # what was looked at may be folded away
                self.call_after_refresh(self.text.keep_in_sight, at)

    def queue(self, cells: list[int]) -> None:
        """They run in this order, after what waits already; in notes of somebody's, once that is agreed to."""

        def agreed() -> None:
            self.changed(*self.session.queue(cells))
            self._next()

        self.with_consent(cells, agreed)

    def with_consent(self, cells: list[int], agreed: Callable[[], None]) -> None:
        """The course's own code needs none."""
        agreed()

    def _next(self) -> None:
        """Start the next cell, if none runs."""
        index = self.session.begin_next(loading=self.dashboard.torch_state == "loading")
        if index is not None:
            for widget in self.text.cells:  # those below may be out of date now
                widget.changed()
            self.show_record()
            self.run_cell(self.session.cells[index])
        self.show_hints()
        self.show_status()

    @work(thread=True, group="kernel", exit_on_error=False, description="run a cell")
    def run_cell(self, cell: Cell) -> None:
        """Drive the kernel from this thread; every event becomes part of a message, nothing here touches a widget."""
        for event in self.session.drive(cell, self.dashboard.server):
            # Not always of this cell: what another has printed since it ended comes first, under its own number.
            self.inbox.put(event.cell if isinstance(event.cell, int) else cell.index, event)

    @on(Arrived)
    def _arrived(self) -> None:
        """Not at once: whatever comes within a frame is shown together."""
        self.set_timer(FRAME, self._take_in)

    def _take_in(self) -> None:
        for index, events in self.inbox.take().items():
            if index not in self.session.records:
                continue  # a late word of a cell that is gone
            touched = self.session.take_in(index, events)
            if "cell" in touched or "done" in touched:
                self.changed(index)
                if self.session.standing:
                    self.show_hints()
            if "elsewhere" in touched:
                self.changed(*self.session.lines_elsewhere(index))
            if index == self.session.shown:
                self.side.changed(*touched & set(PANELS))
            if "done" in touched:
                self.cell_ended(index)
        self.side.draw(at_once=self.session.running is None)

    def cell_ended(self, index: int) -> None:
        """Its Done has come: what it made stands, and the next one begins."""
        for widget in self.text.cells:
            widget.changed()  # those that waited may not run any more
        if self._offered:
            self._offered = False
            self.app.clear_notifications()  # or it lay over the next cell's output, for a key that is a question now
        self.side.changed(*PANELS)
        self._next()

    def _torch_loaded(self) -> None:
        """A cell may have waited for it."""
        index = self.session.torch_loaded()
        if index is not None:
            self.changed(index)

    def interrupt(self) -> None:
        """ctrl+c: what runs is interrupted, nothing is lost; in an editor where nothing runs it copies."""
        if not self.session.interrupt():
            if isinstance(self.focused, Editor) and self.focused.selected_text:
                self.focused.action_copy()
                return
            self.dashboard.say(t("nothing runs; q leaves"))
            return
        self.set_timer(OBEY, self._offer_kill)

    def _offer_kill(self) -> None:
        if self.session.stubborn:
            self.dashboard.say(t("it does not obey: K kills the kernel and starts a fresh one"))
            self._offered = True

    def action_kill(self) -> None:
        """Asks first, unless the kernel has not obeyed ctrl+c for a second."""
        if self.session.kernel is None:
            self.dashboard.say(t("there is no kernel yet"))
        elif self.session.stubborn:
            self._kill(yes=True)
        else:
            question = t("Kill the kernel? What its variables hold is lost.")
            self.app.push_screen(Question(question, t("kill")), lambda yes: self._kill(yes=bool(yes)))

    def _kill(self, *, yes: bool) -> None:
        if not yes:
            return
        self.session.kill()
        if self.session.running is None:
            self.dashboard.say(t("a fresh kernel: run from the top with a"))
        self.show_status()
