"""A page of a lesson: prose and cells at the left, what the cells made beside them (or in a sheet below)."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message

from ptlearn_tui.course.page import Cell, Fence, Page, read_page
from ptlearn_tui.events import Done, Error
from ptlearn_tui.kernel.client import Kernel, KernelError
from ptlearn_tui.locale import t
from ptlearn_tui.tui.record import Record
from ptlearn_tui.tui.screens.base import TALL, WIDE, BaseScreen
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.text import memory
from ptlearn_tui.tui.theme import BAD, GOOD, MUTED, WARN
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint, crumbs
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.graph_panel import GraphBody
from ptlearn_tui.tui.widgets.output_panel import OutputBody
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.plot_panel import PlotBody
from ptlearn_tui.tui.widgets.prose import Prose, ShownFence
from ptlearn_tui.tui.widgets.tabs import PANELS, Tabs
from ptlearn_tui.tui.widgets.tensor_panel import TensorBody

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from ptlearn_tui.course.page import Block
    from ptlearn_tui.course.plan import PageEntry
    from ptlearn_tui.events import AnyEvent

FRAME = 1 / 30  # seconds between looks at what the kernel has sent
SLOW = {"tensors": 0.2, "graph": 0.2, "plot": 0.4}  # seconds between drawings of a panel that changes all the time
MOST_UNREAD = 20_000  # events that may wait for the screen before the reading thread does
OBEY = 1.0  # seconds after ctrl+c from which a kill needs no question
SCREEN_RATE = 4e6  # bytes a second of output that a screen takes from each of a cell's streams


class Arrived(Message):
    """The worker has put events into the inbox. One message for any number of them."""


class LessonScreen(BaseScreen):
    """One page and its kernel. The worker thread drives the kernel; what it reads becomes messages."""

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
        Binding("K", "kill", "kill the kernel and start anew", show=False),
        Binding("escape", "back", "back to the text, then to the plan", show=False),
        Binding("down,j", "scroll_page(1)", "scroll", show=False),
        Binding("up,k", "scroll_page(-1)", "scroll", show=False),
        Binding("space", "scroll_page(20)", "a screen down", show=False),
        Binding("b", "scroll_page(-20)", "a screen up", show=False),
    ]

    def __init__(self, entry: PageEntry) -> None:
        super().__init__()
        self.entry = entry
        self.page: Page = read_page(entry.path)
        self.records = [Record() for _ in self.page.cells]
        self.kernel: Kernel | None = None
        self._inbox: deque[tuple[int, AnyEvent]] = deque()
        self._told = False  # a message about the inbox is on its way
        self._room = threading.Event()
        self._waiting: deque[int] = deque()  # cells that run next
        self._busy: int | None = None
        self._runs = 0
        self._shown: int | None = None  # the cell whose record the panels show
        self._open: list[int] = []  # panels, the one used last at the end
        self._drawn: dict[str, float] = {}  # panel -> when it was drawn last
        self._stale: set[str] = set()  # panels that have changed since
        self._interrupted_at: float | None = None

    # ---- what is on it -----------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Text and cells, then the panels."""
        yield Header()
        with Container(id="body"):
            with VerticalScroll(id="page", can_focus=False):
                yield from self._blocks()
            with Vertical(id="side"):
                yield Tabs()
                bodies = (OutputBody, TensorBody, GraphBody, PlotBody)
                for number, (name, body) in enumerate(zip(PANELS, bodies, strict=True), 1):
                    yield Panel(number, name, body())
        yield Footer()

    def _blocks(self) -> list[Widget]:
        return [self._widget(block) for block in self.page.blocks]

    def _widget(self, block: Block) -> Widget:
        match block:
            case Cell():
                return CodeCell(block, self.records[block.index])
            case Fence():
                return ShownFence(block)
            case _:
                return Prose(block)

    def on_mount(self) -> None:
        """Opened at its begin; the first cell has the keys, so that enter runs it."""
        super().on_mount()
        if self.app.size.width >= WIDE:
            self._open = [2, 3]
        self._show_panels()
        cells = self.query(CodeCell)
        if cells:
            cells.first().focus(scroll_visible=False)
        self.speak()
        self.set_interval(0.5, self._pulse)
        self.keep_place()

    @work(thread=True, group="store", exit_on_error=False, description="keep the place")
    def keep_place(self) -> None:
        """Go on starts here next time."""
        try:
            self.dashboard.progress.remember("place", self.entry.key)
        except sqlite3.Error:
            pass  # the place is a comfort: not worth a word

    def on_screen_resume(self) -> None:
        """Back on this page: it is the place again, and the window may have changed."""
        if self.is_mounted:
            self.keep_place()
            self.show_status()

    def on_resize(self, event: object) -> None:
        """Side by side from 100 columns; below, a sheet."""
        super().on_resize(event)  # type: ignore[arg-type]
        self._show_panels()
        self.show_status()

    def speak(self) -> None:
        """The page in the language in use; cells keep what they made."""
        entry = self.dashboard.plan.page(self.entry.key)
        if entry is not None and entry != self.entry:
            self.entry, self.page = entry, read_page(entry.path)
            self._retell()
        self.show_status()
        self.show_hints()
        self._show_record()

    def _retell(self) -> None:
        """Other prose around the same cells, in place."""
        for widget, block in zip(self.query_one("#page").children, self.page.blocks, strict=False):
            if isinstance(widget, CodeCell) and isinstance(block, Cell):
                widget.show_cell(block)
            elif isinstance(widget, (Prose, ShownFence)):
                widget.block = block  # type: ignore[assignment]
                widget.changed()

    def show_status(self) -> None:
        """Where we are, and how the kernel is."""
        wide = self.app.size.width >= WIDE
        plan, entry = self.dashboard.plan, self.entry
        if entry.number:
            item = plan.item(entry.item)
            parts = [item.title, f"{entry.number} {entry.title}"]
            place = f"{entry.number}/{len(item.pages)}"
            if wide:
                place = t("page {n} of {total}", n=entry.number, total=len(item.pages))
                place += " · " + t("{n} min", n=entry.minutes)
        else:
            parts, place = [entry.title], t("{n} min", n=entry.minutes)
        self.header.title = crumbs(*([t("Plan"), *parts] if wide else parts))
        gap = "      " if wide else "   "
        self.header.status = Content.assemble((place, MUTED), gap, self._kernel_words(wide))

    def _kernel_words(self, wide: bool) -> Content:
        match self.dashboard.torch_state:
            case "loading":
                seconds = int(time.monotonic() - self.dashboard.started)
                return Content.styled(t("torch is loading, {n} s", n=seconds), MUTED)
            case "failed":
                return Content.styled(t("torch does not load"), BAD)
        kernel = (t("kernel "), MUTED)
        if self._busy is not None:
            words = Content.assemble(kernel, (t("busy"), WARN))
        elif self.kernel is not None and not self.kernel.alive:
            words = Content.assemble(kernel, (t("ended"), BAD))
        else:
            words = Content.assemble(kernel, (t("ready"), GOOD))
        if wide and self.kernel is not None and self.kernel.alive:
            words += Content.styled(f" · {memory(self.kernel.memory())}", MUTED)
        return words

    def _pulse(self) -> None:
        """Twice a second: the seconds of what runs, the memory of the kernel."""
        if not self.is_current:
            return
        self.show_status()
        if self._busy is not None:
            self._cell(self._busy).changed()

    def hints(self) -> tuple[Hint, ...]:
        """What the focused thing can do now."""
        focused = self.focused
        panels = Hint("1 2 3 4", t("panels"), "panel(2)")
        following = Hint("n", t("next page"), "next_page")
        leave = Hint("q", t("plan"), "app.leave")
        if self._busy is not None:
            return Hint("ctrl+c", t("interrupt"), "app.interrupt"), Hint("K", t("kill"), "kill"), panels, leave
        if isinstance(focused, Panel):
            close = Hint(str(focused.number), t("close"), f"panel({focused.number})")
            back = Hint("esc", t("text"), "back")
            if focused.number == 3:
                return Hint("enter", t("show line"), "show_line"), Hint("← →", t("walk"), ""), close, back, following
            return Hint("↑ ↓", t("scroll"), ""), close, back, following
        if isinstance(focused, CodeCell):
            action = "run_focused"
            last = focused.cell.index == len(self.records) - 1
            text = t("start the run") if focused.cell.run else t("run") if last else t("run, go on")
            tab = Hint("tab", t("next cell"), "app.focus_next")
            return Hint("enter", text, action), Hint("a", t("run all"), "run_all"), tab, panels, following, leave
        return panels, following, leave

    # ---- running cells -----------------------------------------------------------------------------------------

    def _cell(self, index: int) -> CodeCell:
        return self.query_one(f"#cell-{index}", CodeCell)

    @on(CodeCell.Run)
    def _run_asked(self, message: CodeCell.Run) -> None:
        cell = self.page.cells[message.index]
        if cell.run:
            self._start_run(cell.run)
            return
        self._queue([message.index])
        if message.go_on and message.index + 1 < len(self.records):
            self._cell(message.index + 1).focus(scroll_visible=False)
            self._keep_in_sight(message.index)

    def _keep_in_sight(self, index: int) -> None:
        """The cell that runs and the begin of the next stay visible together where they fit."""
        page = self.query_one("#page", VerticalScroll)
        cell = self._cell(index)
        top = cell.virtual_region.y
        if top < page.scroll_offset.y or top + min(cell.size.height + 6, page.size.height) > (
            page.scroll_offset.y + page.size.height
        ):
            page.scroll_to(y=max(0, top - 3), animate=False)

    def action_run_focused(self) -> None:
        """The footer's enter."""
        if isinstance(self.focused, CodeCell):
            self.focused.action_run(True)

    def action_run_all(self) -> None:
        """Every cell from the top, but those that wait to be asked for themselves."""
        self._queue([cell.index for cell in self.page.cells if not cell.skipped and not cell.run])

    def _queue(self, cells: list[int]) -> None:
        for index in cells:
            if index == self._busy or index in self._waiting:
                continue
            self._waiting.append(index)
            self.records[index].state = "waiting"
            self._cell(index).changed()
        self._next()

    def _next(self) -> None:
        """Start the next cell, if none runs."""
        if self._busy is not None or not self._waiting:
            self.show_hints()
            return
        index = self._busy = self._waiting.popleft()
        self._runs += 1
        record = self.records[index]
        record.begin(self._runs, time.monotonic())
        if self.dashboard.torch_state == "loading":
            record.state = "loading"
        self._shown = index
        self._stale |= set(PANELS)
        self._cell(index).changed()
        self._show_record()
        self.show_hints()
        self.show_status()
        self.run_cell(self.page.cells[index])

    @work(thread=True, group="kernel", exit_on_error=False, description="run a cell")
    def run_cell(self, cell: Cell) -> None:
        """Drive the kernel from this thread; every event becomes part of a message, nothing here touches a widget."""
        try:
            if self.kernel is None or not self.kernel.alive:
                self.kernel = self.dashboard.server.kernel(rate=SCREEN_RATE)
            for event in self.kernel.run(cell.index, cell.source):
                self._hand_over(cell.index, event)
        except KernelError as error:
            why = Error(cell=cell.index, kind="KernelError", message=str(error), line=None, traceback=str(error))
            self._hand_over(cell.index, why)
            self._hand_over(cell.index, Done(cell=cell.index, ok=False, seconds=0.0))

    def _hand_over(self, index: int, event: AnyEvent) -> None:
        """In the worker's thread. It waits where the screen can't follow, and so the kernel does."""
        while len(self._inbox) > MOST_UNREAD and self.is_running:
            self._room.clear()
            self._room.wait(0.1)
        self._inbox.append((index, event))
        if not self._told:
            self._told = True
            self.post_message(Arrived())

    @on(Arrived)
    def _arrived(self) -> None:
        """Not at once: whatever comes within a frame is shown together."""
        self.set_timer(FRAME, self._take_in)

    def _take_in(self) -> None:
        self._told = False
        found: dict[int, list[AnyEvent]] = {}
        for _ in range(len(self._inbox)):
            index, event = self._inbox.popleft()
            found.setdefault(index, []).append(event)
        self._room.set()
        for index, events in found.items():
            record = self.records[index]
            if record.state == "loading":
                record.state, record.began = "running", time.monotonic()
            touched = record.apply(events)
            if "cell" in touched:
                self._cell(index).changed()
            if "elsewhere" in touched:
                self._lines_elsewhere(record)
            if index == self._shown:
                self._stale |= touched & set(PANELS)
            if any(isinstance(event, Done) for event in events):
                self._finished(index)
        self._draw_panels(at_once=self._busy is None)

    def _lines_elsewhere(self, record: Record) -> None:
        """Code of an earlier cell has run again: its shapes stand beside that code."""
        for (cell, number), line in record.elsewhere.items():
            if cell < len(self.records):
                self.records[cell].lines[number] = line
                self._cell(cell).changed()
        record.elsewhere.clear()

    def _finished(self, index: int) -> None:
        record, cell = self.records[index], self.page.cells[index]
        self._busy = None
        self._interrupted_at = None
        if record.state in ("interrupted", "died") or (record.state == "failed" and not cell.raises):
            for waiting in self._waiting:
                self.records[waiting].state = "new"
                self._cell(waiting).changed()
            self._waiting.clear()
        self._stale |= set(PANELS)
        self._note_read()
        self.show_status()
        self._next()

    def interrupt(self) -> None:
        """ctrl+c: what runs is interrupted, nothing is lost."""
        if self._busy is None or self.kernel is None:
            self.dashboard.say(t("nothing runs; q leaves"))
            return
        for waiting in self._waiting:
            self.records[waiting].state = "new"
            self._cell(waiting).changed()
        self._waiting.clear()
        if self._interrupted_at is None:
            self._interrupted_at = time.monotonic()
            self.set_timer(OBEY, self._offer_kill)
        self.kernel.interrupt()

    def _offer_kill(self) -> None:
        if self._interrupted_at is not None and self._busy is not None:
            self.dashboard.say(t("it does not obey: K kills the kernel and starts a fresh one"))

    def action_kill(self) -> None:
        """Asks first, unless the kernel has not obeyed ctrl+c for a second."""
        stubborn = self._interrupted_at is not None and time.monotonic() - self._interrupted_at >= OBEY
        if self.kernel is None:
            self.dashboard.say(t("there is no kernel yet"))
        elif stubborn:
            self.kill()
        else:
            question = t("Kill the kernel? What its variables hold is lost.")
            self.app.push_screen(Question(question, t("kill")), lambda yes: self.kill() if yes else None)

    def kill(self) -> None:
        """The old kernel ends with all that it started; the next cell gets a fresh one."""
        self._waiting.clear()
        if self.kernel is not None:
            self.kernel.kill()
        if self._busy is None:
            self.dashboard.say(t("a fresh kernel: run from the top with a"))
        self.show_status()

    def end(self) -> None:
        """The page is put away for good: its kernel ends."""
        if self.kernel is not None:
            self.kernel.kill()

    def on_unmount(self) -> None:
        """The same when the program ends."""
        self.end()

    def _start_run(self, recipe: str) -> None:
        """A cell that starts a training run: its own process, its own screen."""
        self.dashboard.start_run(recipe)

    # ---- panels ------------------------------------------------------------------------------------------------

    def action_panel(self, number: int) -> None:
        """Open, or close when it is open already."""
        if number in self._open:
            self._open.remove(number)
            panel = self._panel(number)
            if panel.has_focus:
                self._focus_text()
        else:
            self._open.append(number)
            self._stale.add(PANELS[number - 1])
        self._show_panels()
        self._draw_panels(at_once=True)

    def _panel(self, number: int) -> Panel:
        return self.query_one(f"#panel-{PANELS[number - 1]}", Panel)

    def _show_panels(self) -> None:
        """Two at once where there is room, the ones used last."""
        size = self.app.size
        room = 2 if size.width >= WIDE and size.height >= TALL else 1
        visible = tuple(sorted(self._open[-room:]))
        for number in range(1, 5):
            self._panel(number).set_class(number in visible, "-open")
        self.query_one("#side").display = bool(visible)
        self.query_one(Tabs).open = visible
        self.show_hints()

    def _show_record(self) -> None:
        if self._shown is not None:
            self.query_one(Tabs).about = t("cell {n}", n=self._shown + 1)
        self._stale |= set(PANELS)
        self._draw_panels(at_once=True)

    def _draw_panels(self, *, at_once: bool) -> None:
        """Those that are open and have changed; a busy one only so often."""
        now = time.monotonic()
        for number, name in enumerate(PANELS, 1):
            panel = self._panel(number)
            if name not in self._stale or not panel.has_class("-open"):
                continue
            wait = self._drawn.get(name, 0.0) + SLOW.get(name, 0.0) - now
            if wait > 0 and not at_once:
                self.set_timer(wait, lambda: self._draw_panels(at_once=False))
                continue
            self._stale.discard(name)
            self._drawn[name] = now
            panel.show_record(*self._record_for(name))
            if name == "output" and self._busy is not None:
                panel.scroll_end(animate=False)

    def _record_for(self, name: str) -> tuple[Record | None, int | None]:
        """The shown cell's record; where that has nothing for the panel, the newest that has, and whose it is."""
        if self._shown is None:
            return None, None
        record = self.records[self._shown]
        if record.has(name) or self._busy is not None:
            return record, None
        newest = max((each for each in self.records if each.has(name)), key=lambda each: each.number, default=None)
        return (record, None) if newest is None else (newest, self.records.index(newest))

    @on(GraphBody.Walked)
    def _walked(self, message: GraphBody.Walked) -> None:
        """The line that made the node is pointed at in the cell."""
        node = message.node
        cell = node.line_cell if isinstance(node.line_cell, int) else self._graph_cell()
        for widget in self.query(CodeCell):
            widget.pointed = node.line if widget.cell.index == cell else None

    def _graph_cell(self) -> int | None:
        other = self._record_for("graph")[1]
        return self._shown if other is None else other

    def action_show_line(self) -> None:
        """Bring the node's line into sight."""
        for widget in self.query(CodeCell):
            if widget.pointed is not None:
                widget.scroll_visible(animate=False)

    # ---- moving about ------------------------------------------------------------------------------------------

    def on_descendant_focus(self, event: object) -> None:
        """The panels follow the cell that has the keys, if it has something to show."""
        super().on_descendant_focus(event)  # type: ignore[arg-type]
        focused = self.focused
        if isinstance(focused, CodeCell):
            record = self.records[focused.cell.index]
            if record.number and self._busy is None and focused.cell.index != self._shown:
                self._shown = focused.cell.index
                self._show_record()

    def action_scroll_page(self, step: int) -> None:
        """A line, or a screen less two lines that keep the place."""
        page = self.query_one("#page", VerticalScroll)
        if abs(step) > 1:
            step = (page.size.height - 2) * (1 if step > 0 else -1)
        page.scroll_relative(y=step, animate=False)
        self.call_after_refresh(self._note_read)

    def _note_read(self) -> None:
        """Read is a page whose end was in sight and whose cells have run."""
        page = self.query_one("#page", VerticalScroll)
        at_end = page.scroll_offset.y >= page.max_scroll_y
        ran = all(
            record.number or cell.skipped or cell.run
            for record, cell in zip(self.records, self.page.cells, strict=True)
        )
        if at_end and ran:
            self.keep_read()

    @work(thread=True, group="store", exit_on_error=False, description="keep what was read")
    def keep_read(self) -> None:
        """On disk, so that the plan's bars tell the truth."""
        try:
            self.dashboard.progress.read(self.entry.key)
        except sqlite3.Error:
            pass  # the next page's `n` says it again

    def _focus_text(self) -> None:
        cells = self.query(CodeCell)
        if not cells:
            self.set_focus(None)
            return
        shown = self._shown if self._shown is not None else 0
        self._cell(shown).focus(scroll_visible=False)

    async def action_back(self) -> None:
        """From a panel to the text; from the text one level up."""
        if isinstance(self.focused, Panel):
            self._focus_text()
        else:
            self.dashboard.action_leave()

    async def action_next_page(self) -> None:
        """This page counts as read from here on."""
        await asyncio.to_thread(self.dashboard.progress.read, self.entry.key)
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
