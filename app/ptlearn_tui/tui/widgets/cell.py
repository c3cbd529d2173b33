"""A code cell: the source, beside each line what it made, below it what it printed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.tui.glyphs import FOCUS, HERE, only_ascii
from ptlearn_tui.tui.record import Record
from ptlearn_tui.tui.text import spread, took
from ptlearn_tui.tui.theme import ACCENT, BAD, FAINT, GOOD, MUTED, RICH, STRONG, WARN
from ptlearn_tui.tui.widgets.code_lines import CodeRows, lay_differences, lay_step
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.output_panel import lay_printed
from ptlearn_tui.tui.widgets.saved import lay_saved

if TYPE_CHECKING:
    from ptlearn_tui.course.page import Cell
    from ptlearn_tui.tui.widgets.lines import Row

MOST_OUTPUT = 14  # lines of output below the cell; the rest is in the Output panel


class CodeCell(Lines, can_focus=True):
    """Enter runs it and goes on; the numbers at its left are the lines that events speak of."""

    DEFAULT_CSS = "CodeCell { background: $code; margin: 0 0 1 0; }"

    BINDINGS: ClassVar = [
        Binding("enter", "run(True)", "run this cell and go on", show=False),
        Binding("r", "run(False)", "run this cell and stay", show=False),
        Binding("e", "edit", "edit this cell", show=False),
        Binding("t", "step_through", "step through this cell", show=False),
        Binding("plus", "add_below", "add a cell of your own below", show=False),
        Binding("y", "copy", "copy this cell's text", show=False),
        Binding("v", "differences", "view what you have changed", show=False),
        Binding("u", "undo", "bring the author's text back", show=False),
    ]

    pointed: reactive[int | None] = reactive(None)  # the line that another pane points at
    veiled: reactive[bool] = reactive(False)  # its question is open: what it makes is not shown yet
    differing: reactive[bool] = reactive(False)  # shows what the learner has changed, in place of the code

    class Asked(Message):
        """Something is wanted of the cell with this index."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Run(Asked):
        """Run this cell; `go_on` moves the focus to the next."""

        def __init__(self, index: int, *, go_on: bool) -> None:
            super().__init__(index)
            self.go_on = go_on

    class StepThrough(Asked):
        """Run this cell statement by statement; or go on with that."""

    class Edit(Asked):
        """Open the editor in this cell's place."""

    class AddBelow(Asked):
        """A new cell of the learner's own, below this one."""

    class Undo(Asked):
        """The author's text instead of the learner's; a cell of the learner's own goes away."""

    class Grew(Asked):
        """The cell that has the keys has another height: it prints."""

    def __init__(self, cell: Cell, record: Record) -> None:
        super().__init__(id=f"cell-{cell.index}")
        self.cell = cell
        self.record = record
        self.edited: str | None = None  # the learner's text, where it is not the author's
        self._rows: CodeRows | None = None

    def on_resize(self) -> None:
        """What it prints is to be seen."""
        if self.has_focus and self.record.number:
            self.post_message(self.Grew(self.cell.index))

    def show_cell(self, cell: Cell) -> None:
        """The same cell in another language: other comments, the same code."""
        self.cell, self._rows = cell, None
        self.changed()

    def show_edit(self, source: str | None) -> None:
        """The learner's text, or None for the author's."""
        self.edited, self._rows, self.differing = source, None, False
        self.changed()

    @property
    def source(self) -> str:
        """Its text now."""
        return self.cell.source if self.edited is None else self.edited

    def action_run(self, go_on: bool) -> None:
        """Hand it to the screen, whose worker has the kernel."""
        self.post_message(self.Run(self.cell.index, go_on=go_on))

    def action_step_through(self) -> None:
        """Hand it to the screen."""
        self.post_message(self.StepThrough(self.cell.index))

    def action_edit(self) -> None:
        """The page puts an editor here."""
        self.post_message(self.Edit(self.cell.index))

    def action_add_below(self) -> None:
        """The page puts it there."""
        self.post_message(self.AddBelow(self.cell.index))

    def action_copy(self) -> None:
        """To the clipboard of the terminal's machine, over SSH too (OSC 52)."""
        self.app.copy_to_clipboard(self.source)
        self.app.notify(t("copied"), markup=False, timeout=2)

    def action_differences(self) -> None:
        """The same key shows the code again."""
        if self.edited is None or self.cell.scratch:
            self.app.notify(t("this is the author's text: nothing is changed"), markup=False, timeout=3)
        else:
            self.differing = not self.differing

    def action_undo(self) -> None:
        """Where there is something to undo."""
        if self.edited is not None:
            self.post_message(self.Undo(self.cell.index))

    def watch_pointed(self) -> None:
        """The pointer has moved."""
        self.changed()

    def watch_veiled(self) -> None:
        """Its question is answered, or skipped."""
        self.changed()

    def watch_differing(self) -> None:
        """The code, or what is changed in it."""
        self.changed()

    # ---- drawing -----------------------------------------------------------------------------------------------

    @property
    def bar(self) -> tuple[str, str]:
        """Where the keys go."""
        return (FOCUS, ACCENT) if self.has_focus else (HERE, FAINT)

    def lay(self, width: int) -> list[Row]:
        """Header, lines with what they made, output."""
        rows: list[Row] = [spread(Content.assemble(" ", self._title()), Content.assemble(self._state(), " "), width)]
        if self.differing:
            return [*rows, *lay_differences(self.cell.source, self.source, width)]
        if self._rows is None:
            self._rows = CodeRows(self.source, self._left_out)
        if self.veiled:
            return [*rows, *self._rows.lay(Record(), width, None)]
        step = self.record.step if self.record.state == "standing" else None
        rows += self._rows.lay(self.record, width, step.line if step is not None else self.pointed)
        digits = len(str(len(self._rows)))
        indent = " " * (digits + 3)
        if step is not None:
            rows += lay_step(step, width, indent)
        return [*rows, *(Content.assemble(indent, line) for line in self._output(width - digits - 5))]

    @property
    def _left_out(self) -> int:
        """Lines at its end that are not shown."""
        return 0

    def _title(self) -> Content:
        number = str(self.record.number) if self.record.number else ""
        words = ""
        if self.cell.prelude:
            words = "   " + t("edited") if self.edited is not None else ""
            told = (t("prelude: runs before the rest"), MUTED)
            return Content.assemble((t("In"), MUTED), " ", ("0", STRONG), "   ", told, (words, WARN))
        if self.cell.is_exercise and not self.differing:
            words = "   " + t("your answer")
        elif self.cell.scratch:
            words = "   " + t("yours")
        elif self.differing:
            words = "   " + t("what you have changed: v shows the code")
        elif self.edited is not None:
            words = "   " + t("edited")
        return Content.assemble((t("In"), MUTED), " ", (number, STRONG), (words, WARN))

    def _state(self) -> Content:
        record = self.record
        time_ = took(record.seconds)
        match record.state:
            case "waiting":
                return Content.styled(t("waits its turn"), WARN)
            case "loading":
                return Content.styled(t("runs when torch is loaded"), WARN)
            case "running":
                seconds = time.monotonic() - record.began
                text = t("running") if seconds < 1 else t("running, {n} s", n=int(seconds))
                return Content.styled(text, WARN)
            case "standing" if record.step is not None:
                return Content.styled(t("stands after line {n}", n=record.step.line), WARN)
            case "ran" | "failed" if self.veiled:
                return Content.styled(t("it ran: answer the question to see"), WARN)
            case "ran" if record.stale:
                return Content.styled(t("out of date: a cell above ran again"), WARN)
            case "ran":
                return Content.styled(t("ran in {time}", time=time_), GOOD)
            case "failed" if self.cell.raises:
                return Content.styled(t("raised, as it should"), GOOD)
            case "failed":
                return Content.styled(t("failed after {time}", time=time_), BAD)
            case "interrupted":
                return Content.styled(t("interrupted after {time}", time=time_), WARN)
            case "died":
                return Content.styled(t("the kernel died: {why}", why=record.died or ""), BAD)
        return Content.styled("" if self.cell.is_exercise else t("not run"), MUTED)

    def _output(self, width: int) -> list[Content]:
        """The first lines, or while it runs the last; how many more there are is said, with the key for them."""
        printed = self.record.printed
        if not printed:
            if self.record.number or self.edited is not None:
                return []
            rich = self.app.theme == RICH.name and not only_ascii()
            return lay_saved(self.cell.saved, width, rich=rich)
        shown = printed[:MOST_OUTPUT]
        if self.record.full:
            shown = printed[: MOST_OUTPUT + len(printed) - len(self.record.output.lines)]
        if self.record.state == "running" and len(printed) > MOST_OUTPUT:
            shown = printed[-MOST_OUTPUT:]
        lines = [Content(), *lay_printed(self.record, shown, width, fold=("trace", "why"))]
        more = len(printed) - len(shown) + self.record.output.left_out
        if more:
            lines.append(Content.styled(t("{n} more lines: 1 shows them", n=more), MUTED))
        return lines
