"""A code cell: the source, beside each line what it made, below it what it printed."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, ClassVar

from pygments.token import Token as T
from rich.cells import cell_len
from textual.binding import Binding
from textual.content import Content
from textual.highlight import HighlightTheme, highlight
from textual.message import Message
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.tui.glyphs import FOCUS, HERE, POINTER
from ptlearn_tui.tui.record import coloured
from ptlearn_tui.tui.text import fit, safe, spread, took
from ptlearn_tui.tui.theme import ACCENT, BAD, CURRENT, FAINT, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.tensor_panel import shape_words

if TYPE_CHECKING:
    from ptlearn_tui.course.page import Cell
    from ptlearn_tui.events import Line
    from ptlearn_tui.tui.record import Record

MOST_OUTPUT = 14  # lines of output below the cell; the rest is in the Output panel
LEAST_COLUMN = 17  # cells: shape and operator, as on the drawn screens

_WORDS = {"leaf": GOOD}
_CALL = re.compile(r"(?<=\.)[a-z_]\w*(?=\()")  # methods and functions of modules: x.mean(, torch.ones(


class CodeTheme(HighlightTheme):
    """Few colours: keywords, numbers, strings, calls. Names stay text."""

    STYLES = {  # noqa: RUF012 - as Textual declares it
        T.Comment: "$comment",
        T.Keyword: "$keyword",
        T.Keyword.Constant: "$keyword",
        T.Operator.Word: "$keyword",
        T.Literal.Number: "$number",
        T.Literal.String: "$string",
        T.Name.Function: "$call",
        T.Name.Class: "$call",
        T.Name.Decorator: "$call",
    }


class CodeCell(Lines, can_focus=True):
    """Enter runs it and goes on; the numbers at its left are the lines that events speak of."""

    DEFAULT_CSS = "CodeCell { background: $code; margin: 0 0 1 0; }"

    BINDINGS: ClassVar = [
        Binding("enter", "run(True)", "run this cell and go on", show=False),
        Binding("r", "run(False)", "run this cell and stay", show=False),
        Binding("e", "edit", "edit this cell", show=False),
        Binding("y", "copy", "copy this cell's text", show=False),
        Binding("u", "undo", "bring the author's text back", show=False),
    ]

    pointed: reactive[int | None] = reactive(None)  # the line that another pane points at

    class Run(Message):
        """Run this cell; `go_on` moves the focus to the next."""

        def __init__(self, index: int, *, go_on: bool) -> None:
            super().__init__()
            self.index = index
            self.go_on = go_on

    class Edit(Message):
        """Open the editor in this cell's place."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Undo(Message):
        """The author's text instead of the learner's."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, cell: Cell, record: Record) -> None:
        super().__init__(id=f"cell-{cell.index}")
        self.cell = cell
        self.record = record
        self.edited: str | None = None  # the learner's text, where it is not the author's
        self._code: list[Content] | None = None

    def show_cell(self, cell: Cell) -> None:
        """The same cell in another language: other comments, the same code."""
        self.cell, self._code = cell, None
        self.changed()

    def show_edit(self, source: str | None) -> None:
        """The learner's text, or None for the author's."""
        self.edited, self._code = source, None
        self.changed()

    def action_edit(self) -> None:
        """The screen puts an editor here."""
        if not self.cell.run:
            self.post_message(self.Edit(self.cell.index))

    def action_copy(self) -> None:
        """To the clipboard of the terminal's machine, over SSH too (OSC 52)."""
        self.app.copy_to_clipboard(self.cell.source if self.edited is None else self.edited)
        self.app.notify(t("copied"), markup=False, timeout=2)

    def action_undo(self) -> None:
        """Where there is something to undo."""
        if self.edited is not None:
            self.post_message(self.Undo(self.cell.index))

    def watch_pointed(self) -> None:
        """The pointer has moved."""
        self.changed()

    def action_run(self, go_on: bool) -> None:
        """Hand it to the screen, whose worker has the kernel."""
        self.post_message(self.Run(self.cell.index, go_on=go_on))

    # ---- drawing -----------------------------------------------------------------------------------------------

    @property
    def code(self) -> list[Content]:
        """The source's lines in colour."""
        if self._code is None:
            source = safe(self.cell.source if self.edited is None else self.edited)
            coloured = highlight(source, language="python", theme=CodeTheme)
            coloured = coloured.highlight_regex(_CALL, style="$call")
            self._code = coloured.split("\n", allow_blank=True)[: source.count("\n") + 1]
        return self._code

    def _mark(self) -> tuple[str, str]:
        return (FOCUS, ACCENT) if self.has_focus else (HERE, FAINT)

    def lay(self, width: int) -> list[Content]:
        """Header, lines with what they made, output."""
        mark = self._mark()
        digits = len(str(len(self.code)))
        made = {number: _words(line) for number, line in self.record.lines.items()}
        shapes = max((cell_len(shape) for shape, _, _ in made.values()), default=0)
        words = max((cell_len(text) for _, text, _ in made.values()), default=0)
        shape_width = max(shapes, 6) + 2
        column = max(shape_width + max(words, 8), LEAST_COLUMN - 1) if made else 0
        lines = [spread(Content.assemble(mark, " ", self._title()), Content.assemble(self._state(), " "), width)]
        for number, code in enumerate(self.code, 1):
            pointer = (POINTER, ACCENT) if number == self.pointed else " "
            failed = self.record.error is not None and self.record.error.line == number
            gutter = Content.assemble(mark, pointer, (f"{number:>{digits}}", BAD if failed else FAINT), "  ")
            right = short = Content()
            if number in made:
                shape, text, style = made[number]
                right = Content.assemble(
                    (fit(shape, shape_width), MUTED), (fit(text, column - shape_width), style or MUTED), " "
                )
                short = Content.assemble((shape, MUTED), "  " if shape and text else "", (text, style or MUTED), " ")
            elif failed and self.record.error is not None:
                right = short = Content.styled(f"{self.record.error.kind} ", BAD)
            lines += self._code_line(gutter, code, (right, short), width, current=number == self.pointed)
        indent = " " * (digits + 3)
        for line in self._output(width - digits - 6):
            lines.append(Content.assemble(mark, indent, line))
        return lines

    @staticmethod
    def _code_line(
        gutter: Content, code: Content, made: tuple[Content, Content], width: int, *, current: bool
    ) -> list[Content]:
        """The line and what it made: in its columns, or where the code is long just at the end, or below it."""
        right, short = made
        room = width - gutter.cell_length - 1
        pieces = code.fold(room) if code.cell_length > room else [code]
        lines = [Content.assemble(gutter, pieces[0])]
        lines += [Content.assemble(gutter[:1], " " * (gutter.cell_length + 1), piece) for piece in pieces[1:]]
        if right:
            if lines[-1].cell_length + 1 + right.cell_length > width:
                right = short
            if lines[-1].cell_length + 2 + right.cell_length > width:
                lines.append(gutter[:1])
            lines[-1] = spread(lines[-1], right, width)
        if current:
            lines = [
                Content.assemble(line, " " * max(0, width - line.cell_length)).stylize(CURRENT, 1) for line in lines
            ]
        return lines

    def _title(self) -> Content:
        number = str(self.record.number) if self.record.number else ""
        if self.cell.run:
            return Content.assemble((t("Run"), MUTED), " ", (self.cell.run, STRONG))
        edited = "" if self.edited is None else "   " + t("edited")
        return Content.assemble((t("In"), MUTED), " ", (number, STRONG), (edited, WARN))

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
        return Content.styled(t("enter starts it") if self.cell.run else t("not run"), MUTED)

    def _output(self, width: int) -> list[Content]:
        """The first lines; how many more there are is said, with the key that shows them."""
        output = self.record.output
        if not output.lines:
            return []
        shown = output.lines[:MOST_OUTPUT]
        if self.record.state == "running" and len(output.lines) > MOST_OUTPUT:
            shown = output.lines[-MOST_OUTPUT:]
        styles = {"err": WARN, "trace": BAD, "why": WARN}
        lines = [Content()]
        for kind, text in shown:
            content = coloured(text, styles.get(kind, ""))
            if kind in ("trace", "why"):  # what went wrong is read to its end
                lines += content.fold(width) if content.cell_length > width else [content]
            else:
                lines.append(content.truncate(width, ellipsis=True))
        more = len(output.lines) - len(shown) + output.left_out
        if more:
            lines.append(Content.styled(t("{n} more lines: 1 shows them", n=more), MUTED))
        return lines


def _words(line: Line) -> tuple[str, str, str]:
    """Shape, then operator or value, and its role. One number is its own best description; more need their operator."""
    shape = shape_words(line.shape) if line.shape is not None else ""
    one = line.shape is None or math.prod(line.shape) == 1
    text = (line.text or line.operator if one else line.operator or line.text) or ""
    times = f" ×{line.times}" if line.times > 1 else ""
    return shape, fit(safe(text), min(cell_len(text), 24)) + times, _WORDS.get(text, "")
