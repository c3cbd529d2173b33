"""A page of a lesson: prose and cells at the left, what the cells made beside them (or in a sheet below)."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.containers import Container
from textual.content import Content
from textual.message import Message

from ptlearn_tui.course.page import read_page
from ptlearn_tui.home import output_folder
from ptlearn_tui.locale import t
from ptlearn_tui.tui import lesson_hints, lesson_words
from ptlearn_tui.tui.screens.base import WIDE, BaseScreen
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.session import OBEY, Inbox, Session
from ptlearn_tui.tui.widgets import graph_keys
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.editor import Editor
from ptlearn_tui.tui.widgets.graph_panel import GraphBody
from ptlearn_tui.tui.widgets.page_text import PageText
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.side import Side
from ptlearn_tui.tui.widgets.tabs import PANELS, Tabs
from ptlearn_tui.tui.widgets.tensor_panel import TensorBody

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.course.page import Cell
    from ptlearn_tui.course.plan import PageEntry

FRAME = 1 / 30  # seconds between looks at what the kernel has sent


class Arrived(Message):
    """The worker has put events into the inbox."""


class LessonScreen(BaseScreen):
    """One page and its session. A worker thread drives the kernel; what it reads becomes messages."""

    CSS_PATH = "lesson.tcss"
    BINDINGS: ClassVar = [
        Binding("a", "run_all", "run all cells from the top", show=False),
        Binding("tab", "app.focus_next", "next cell or panel", show=False),
        Binding("shift+tab", "app.focus_previous", "previous cell or panel", show=False),
        Binding("1", "panel(1)", "Output", show=False),
        Binding("2", "panel(2)", "Tensors", show=False),
        Binding("3", "panel(3)", "Graph", show=False),
        Binding("4", "panel(4)", "Plot", show=False),
        Binding("n", "next_page", "next page", show=False),
        Binding("p", "previous_page", "previous page", show=False),
        Binding("f", "full", "in full: the column, a library's frames", show=False),
        Binding("l", "loop_end", "stepping: to the end of the loop", show=False),
        Binding("R", "restart", "a fresh kernel, and run all above", show=False),
        Binding("K", "kill", "kill the kernel and start anew", show=False),
        Binding("escape", "back", "back to the text, then to the plan", show=False),
        Binding("down,j", "scroll_page(1)", "scroll", show=False),
        Binding("up,k", "scroll_page(-1)", "scroll", show=False),
        Binding("space", "film", "graph: play backward() as a film, or pause", show=False, priority=True),
        Binding("i", "saved", "graph: look at what the node keeps", show=False),
        Binding("m", "mermaid", "graph: copy it as Mermaid", show=False),
        Binding("space", "scroll_page(20)", "a screen down", show=False),
        Binding("b", "scroll_page(-20)", "a screen up", show=False),
    ]

    def __init__(self, entry: PageEntry) -> None:
        super().__init__()
        self.entry = entry
        self.session = Session(read_page(entry.path).cells, output_folder() / entry.key.replace("/", "-"))
        self.inbox = Inbox(lambda: self.post_message(Arrived()))

    # ---- what is on it -----------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Text and cells, then the panels."""
        yield Header()
        with Container(id="body"):
            yield PageText(self.entry.key, read_page(self.entry.path), self.session)
            yield Side(self.session)
        yield Footer()

    @property
    def side(self) -> Side:
        """The panels."""
        return self.query_one(Side)

    @property
    def text(self) -> PageText:
        """The prose and the cells."""
        return self.query_one(PageText)

    def cell(self, index: int) -> CodeCell:
        """A cell's widget."""
        return self.text.cell(index)

    def on_mount(self) -> None:
        """Opened at its begin; the first cell has the keys, so that enter runs it."""
        super().on_mount()
        if self.session.cells:
            self.cell(0).focus(scroll_visible=False)
        self.speak()
        self.set_interval(0.5, self._pulse)
        self.watch(self.app, "torch_state", self._torch_loaded, init=False)
        self.keep_place()

    def on_unmount(self) -> None:
        """The page is put away for good, or the program ends: so does the kernel."""
        self.session.kill()
        self.inbox.close()

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
        entry = self.dashboard.plan.page(self.entry.key)
        if entry is not None and entry != self.entry:
            self.entry = entry
            self.text.retell(read_page(entry.path))
        self.show_status()
        self.show_hints()
        self._show_record()

    def show_status(self) -> None:
        """Where we are, and how the kernel is."""
        dashboard, wide = self.dashboard, self.app.size.width >= WIDE
        seconds = time.monotonic() - dashboard.started
        self.header.status = Content.assemble(
            lesson_words.place(dashboard.plan, self.entry, wide=wide),
            "      " if wide else "   ",
            lesson_words.kernel(self.session, dashboard.torch_state, seconds, self.app.size.width),
        )
        room = self.app.size.width - self.header.status.cell_length - 20 if wide else 0  # 20: the other language
        self.header.title = lesson_words.title(dashboard.plan, self.entry, room)

    def _pulse(self) -> None:
        """Twice a second: the seconds of what runs, the memory of the kernel, what comes after a cell's end."""
        for event in self.session.late():
            self.inbox.put(event.cell if isinstance(event.cell, int) else 0, event)
        if not self.is_current:
            return
        self.show_status()
        if self.session.running is not None:
            self.cell(self.session.running).changed()

    def hints(self) -> tuple[Hint, ...]:
        """What the focused thing can do now."""
        return lesson_hints.hints(self.focused, self.session)

    # ---- running cells -----------------------------------------------------------------------------------------

    @on(CodeCell.Run)
    def _run_asked(self, message: CodeCell.Run) -> None:
        cell = self.session.cells[message.index]
        if message.index == self.session.running and self._go("end"):
            return
        if cell.run:
            self.dashboard.start_run(cell.run)
            return
        self._queue([message.index])
        following = self.session.after(message.index)
        if message.go_on and following is not None:
            self.cell(following).focus(scroll_visible=False)
            self.text.keep_in_sight(message.index)

    @on(CodeCell.StepThrough)
    def _step_asked(self, message: CodeCell.StepThrough) -> None:
        """The next step, or the first."""
        if not self._go("next") and message.index != self.session.running:
            self.session.stepping.add(message.index)
            self._queue([message.index])

    def action_step_focused(self) -> None:
        """The footer's t."""
        if isinstance(self.focused, CodeCell):
            self.focused.action_step_through()

    def action_loop_end(self) -> None:
        """A cell that is stepped through: on to the end of the loop."""
        if not self._go("loop"):
            self.dashboard.say(t("no cell is stepped through: t begins"))

    def _go(self, how: str) -> bool:
        stood = self.session.running
        if stood is None or not self.session.go(how):
            return False
        self.cell(stood).changed()
        self.show_hints()
        return True

    def action_run_focused(self) -> None:
        """The footer's enter."""
        if isinstance(self.focused, CodeCell):
            self.focused.action_run(True)

    def action_edit_focused(self) -> None:
        """The footer's e."""
        if isinstance(self.focused, CodeCell):
            self.focused.action_edit()

    def action_undo_focused(self) -> None:
        """The footer's u."""
        if isinstance(self.focused, CodeCell):
            self.focused.action_undo()

    def action_differences_focused(self) -> None:
        """The footer's v."""
        if isinstance(self.focused, CodeCell):
            self.focused.action_differences()

    def action_run_editor(self) -> None:
        """The footer's ctrl+r."""
        if isinstance(self.focused, Editor):
            self.focused.action_leave(True)

    def action_leave_editor(self) -> None:
        """The footer's escape, in the editor."""
        if isinstance(self.focused, Editor):
            self.focused.action_leave(False)

    def action_run_all(self) -> None:
        """Every cell from the top, but those that wait to be asked for themselves."""
        self._queue(self.session.by_themselves)

    def action_restart(self) -> None:
        """A fresh kernel that has run all above the cell with the keys, so that it stands where its text does."""
        at = self.focused.cell.index if isinstance(self.focused, CodeCell) else self.session.shown
        above = self.session.above(at) if at is not None and at in self.session.order else []

        def answered(yes: bool | None) -> None:
            if yes:
                for index in self.session.restart(above):
                    self.cell(index).changed()
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
            self.cell(at).changed()
            self._show_record()

    def _queue(self, cells: list[int]) -> None:
        for index in self.session.queue(cells):
            self.cell(index).changed()
        self._next()

    def _next(self) -> None:
        """Start the next cell, if none runs."""
        index = self.session.begin_next(loading=self.dashboard.torch_state == "loading")
        if index is not None:
            for widget in self.text.cells:  # those below may be out of date now
                widget.changed()
            self._show_record()
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
            touched = self.session.take_in(index, events)
            if "cell" in touched or "done" in touched:
                self.cell(index).changed()
                if self.session.standing:
                    self.show_hints()
            if "elsewhere" in touched:
                for other in self.session.lines_elsewhere(index):
                    self.cell(other).changed()
            if index == self.session.shown:
                self.side.changed(*touched & set(PANELS))
            if "done" in touched:
                self._finished()
                if index in self.session.filming:
                    self.session.filming.clear()
                    self.call_after_refresh(self._recorded)
        self.side.draw(at_once=self.session.running is None)

    def _finished(self) -> None:
        for widget in self.text.cells:
            widget.changed()  # those that waited may not run any more
        self.side.changed(*PANELS)
        self._note_read()
        self._next()

    def _torch_loaded(self) -> None:
        """A cell may have waited for it."""
        index = self.session.torch_loaded()
        if index is not None:
            self.cell(index).changed()

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

    # ---- panels ------------------------------------------------------------------------------------------------

    def action_panel(self, number: int) -> None:
        """Open, or close when it is open already."""
        self.side.toggle(number)
        self.show_hints()
        if isinstance(self.focused, CodeCell):  # the cell and the sheet explain each other
            self.call_after_refresh(self.text.keep_in_sight, self.focused.cell.index)

    @on(Side.Closed)
    def _panel_closed(self) -> None:
        self._focus_text()

    def _show_record(self) -> None:
        if self.session.shown is not None:
            self.side.query_one(Tabs).about = t("cell {n}", n=self.session.shown + 1)
        self.side.changed(*PANELS)
        self.side.draw(at_once=True)

    @on(GraphBody.Walked)
    def _walked(self, message: GraphBody.Walked) -> None:
        """The line that made the node is pointed at in its cell."""
        node, other = message.node, self.session.record_for("graph")[1]
        shown = self.session.shown if other is None else other
        cell = node.line_cell if isinstance(node.line_cell, int) else shown
        for widget in self.text.cells:
            widget.pointed = node.line if widget.cell.index == cell else None

    @on(Panel.Entered)
    def _panel_entered(self, message: Panel.Entered) -> None:
        if message.number == 3:
            self.action_show_line()

    @on(TensorBody.Asked)
    def _asked(self, message: TensorBody.Asked) -> None:
        self.look_closer(message)

    @work(thread=True, group="look", exit_on_error=False, description="look closer at a tensor")
    def look_closer(self, asked: TensorBody.Asked) -> None:
        """Ask the live kernel; a tensor of a billion values keeps it for seconds."""
        kernel = self.session.kernel
        card, why = None, "the kernel has ended"
        if kernel is not None:
            card, why = kernel.describe(asked.name, index=asked.index, exact=asked.exact)
        asked.body.post_message(TensorBody.Answered(asked.number, card, why))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some keys are the Graph panel's."""
        return action not in graph_keys.ACTIONS or graph_keys.focused_graph(self.focused) is not None

    def action_film(self) -> None:
        """Play or pause; where nothing is recorded, offer to run the cells again."""
        body = graph_keys.focused_graph(self.focused)
        if body is None or body.reel.play(body):
            return
        cells, why = graph_keys.to_record(self.session)
        if not cells:
            self.dashboard.say(why)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.session.filming = {cells[-1]}
                self._queue(cells)

        self.app.push_screen(Question(graph_keys.question(cells), t("run and record")), answered)

    def _recorded(self) -> None:
        body = self.side.panel(3).body
        if isinstance(body, GraphBody) and body.shown and not body.reel.playing and not body.reel.play(body):
            self.dashboard.say(t("no backward() was recorded"))

    def action_saved(self) -> None:
        """What the current node keeps for backward(), from the live kernel."""
        body = graph_keys.focused_graph(self.focused)
        if body is not None and body.node is not None and body.node.saved:
            self.look_at_saved(body)

    @work(thread=True, group="look", exit_on_error=False, description="look at what a node keeps")
    def look_at_saved(self, body: GraphBody) -> None:
        """Ask the live kernel."""
        node = body.node
        found = graph_keys.look(self.session.kernel, body)
        if node is not None:
            body.post_message(GraphBody.Looked(node, found))

    def action_mermaid(self) -> None:
        """To the clipboard of the terminal's machine, over SSH too (OSC 52)."""
        body = graph_keys.focused_graph(self.focused)
        text = graph_keys.as_mermaid(body) if body is not None else ""
        if text:
            self.app.copy_to_clipboard(text)
            self.dashboard.say(t("copied as Mermaid: {n} lines", n=text.count("\n")))

    @on(TensorBody.Turned)
    def _card_turned(self) -> None:
        self.show_hints()

    def action_enter_panel(self) -> None:
        """The footer's enter, on a panel."""
        if isinstance(self.focused, Panel):
            self.focused.action_enter()

    def action_all_values(self) -> None:
        """The footer's x."""
        if isinstance(self.focused, Panel) and self.focused.check_action("all_values", ()):
            self.focused.action_all_values()

    def action_close_card(self) -> None:
        """The footer's esc, in an open card."""
        if isinstance(self.focused, Panel) and self.focused.check_action("close", ()):
            self.focused.action_close()

    def action_show_line(self) -> None:
        """Bring the node's line into sight."""
        for widget in self.text.cells:
            if widget.pointed is not None:
                self.text.keep_in_sight(widget.cell.index)

    # ---- moving about ------------------------------------------------------------------------------------------

    def on_descendant_focus(self, event: object) -> None:
        """The panels follow the cell that has the keys, if it has something to show."""
        super().on_descendant_focus(event)  # type: ignore[arg-type]
        if isinstance(self.focused, CodeCell) and self.session.running is None:
            index = self.focused.cell.index
            if self.session.records[index].number and index != self.session.shown:
                self.session.shown = index
                self._show_record()

    def action_scroll_page(self, step: int) -> None:
        """A line, or a screen less two lines that keep the place."""
        if abs(step) > 1:
            step = (self.text.size.height - 2) * (1 if step > 0 else -1)
        self.text.scroll_relative(y=step, animate=False)
        self.call_after_refresh(self._note_read)

    def _focus_text(self) -> None:
        if self.session.cells:
            self.cell(self.session.shown or 0).focus(scroll_visible=False)
        else:
            self.set_focus(None)

    def action_back(self) -> None:
        """From a panel to the text; from the text one level up."""
        if isinstance(self.focused, Panel):
            self._focus_text()
        else:
            self.dashboard.action_leave()

    def action_next_page(self) -> None:
        """This page counts as read from here on."""
        self.keep_read()
        following = self.dashboard.plan.neighbours(self.entry)[1]
        if following is None:
            self.dashboard.say(t("this is the last page; q leads back to the plan"))
        else:
            self.dashboard.turn_to(following)

    def action_previous_page(self) -> None:
        """One page back."""
        before = self.dashboard.plan.neighbours(self.entry)[0]
        if before is None:
            self.dashboard.say(t("this is the first page"))
        else:
            self.dashboard.turn_to(before)

    # ---- what is kept ------------------------------------------------------------------------------------------

    @work(thread=True, group="store", exit_on_error=False, description="keep the place")
    def keep_place(self) -> None:
        """Go on starts here next time."""
        try:
            self.dashboard.progress.remember("place", self.entry.key)
        except sqlite3.Error:
            pass  # the place is a comfort: not worth a word

    def _note_read(self) -> None:
        """Read is a page whose end was in sight and whose cells have run."""
        if self.text.at_end and self.session.all_ran:
            self.keep_read()

    @work(thread=True, group="store", exit_on_error=False, description="keep what was read")
    def keep_read(self) -> None:
        """On disk, so that the plan's bars tell the truth."""
        try:
            self.dashboard.progress.read(self.entry.key)
        except sqlite3.Error:
            pass  # another shell writes for longer than anyone waits: the page stays unread in the plan
