"""The lines of a cell: code in colour, beside each what it made, or what the learner has changed in it."""

from __future__ import annotations

import difflib
import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.glyphs import POINTER
from ptlearn_tui.tui.record import Record
from ptlearn_tui.tui.text import fit, spread, thousands, wrap
from ptlearn_tui.tui.theme import ACCENT, BAD, CURRENT, FAINT, GOOD, MUTED, WARN
from ptlearn_tui.tui.widgets.python_colours import PythonColours
from ptlearn_tui.tui.widgets.tensor_panel import shape_words

if TYPE_CHECKING:
    from ptlearn_tui.events import Line, Step
    from ptlearn_tui.tui.widgets.lines import Row

LEAST_COLUMN = 17  # cells: shape and operator, as on the drawn screens
WIDEST = 24  # cells of a value in the column; `f` shows more

_WORDS = {"leaf": GOOD}


class CodeRows:
    """A cell's code as lines, each with its number and what it made.

    A cell of 5,000 lines is laid out many times a second while it runs: a line that takes one row is only counted
    then, and made when it is drawn.
    """

    def __init__(self, source: str, left_out: int = 0) -> None:
        """`left_out`: lines at its end that are not shown."""
        self._code = PythonColours(source)
        self._widths = [cell_len(text) for text in self._code.lines[: len(self._code.lines) - left_out]]
        self._later = [partial(self._row, number) for number in range(1, len(self) + 1)]
        self._words: dict[int, tuple[Line, _Made]] = {}
        self._now = _Now({}, (0, 0), Record(), 0, None)

    def __len__(self) -> int:
        return len(self._widths)

    def lay(self, record: Record, width: int, pointed: int | None) -> list[Row]:
        """`pointed` is the line that another pane points at."""
        known = self._words
        made = {
            number: told[1] if (told := known.get(number)) is not None and told[0] is line else self._made(number, line)
            for number, line in record.lines.items()
        }
        shapes = max((each.shape_width for each in made.values()), default=0)
        words = max((each.text_width for each in made.values()), default=0)
        shape_width = max(shapes, 6) + 2
        columns = shape_width, max(shape_width + max(words, 8), LEAST_COLUMN - 1)
        self._now = _Now(made, columns, record, width, pointed)
        room = width - len(str(len(self))) - 4
        rows: list[Row] = []
        longer = set(made) if record.full else set[int]()  # these may take a row more
        if record.error is not None:
            longer.add(record.error.line or 0)
        for number, (code_width, later) in enumerate(zip(self._widths, self._later, strict=True), 1):
            each = made.get(number)
            if number in longer or code_width + (each.width + 2 if each is not None else 0) > room:
                rows += self._line(number)
            else:
                rows.append(later)
        return rows

    def _row(self, number: int) -> Content:
        return self._line(number)[0]

    def _line(self, number: int) -> list[Content]:
        made, columns, record, width, pointed = self._now
        digits, error, current = len(str(len(self))), record.error, number == pointed
        failed = error.kind if error is not None and error.line == number else ""
        style = BAD if failed else FAINT
        gutter = Content.assemble((POINTER, ACCENT) if current else " ", (f"{number:>{digits}}", style), "  ")
        beside = _beside(made.get(number), failed, columns, record.full)
        lines = _code_line(gutter, self._code.line(number - 1), beside, width, current=current)
        if record.full and number in made and (told := in_full(record.lines[number])):
            indent = " " * (digits + 5)
            lines += [Content.assemble(indent, piece) for piece in wrap(told, width - len(indent) - 1)]
        return lines

    def _made(self, number: int, line: Line) -> _Made:
        made = _words(line)
        self._words[number] = line, made
        return made


class _Now(NamedTuple):
    """What the lines are drawn from, since they were laid out last."""

    made: dict[int, _Made]
    columns: tuple[int, int]  # of shapes, and of both together
    record: Record
    width: int
    pointed: int | None


def _beside(made: _Made | None, failed: str, columns: tuple[int, int], full: bool) -> tuple[Content, Content]:
    """What stands at the right: in its columns (that of shapes, and both together), and as short as it goes."""
    if made is not None and not full:
        shape_width, column = columns
        style = made.style or MUTED
        right = Content.assemble(
            (fit(made.shape, shape_width), MUTED), (fit(made.text, column - shape_width), style), " "
        )
        gap = "  " if made.shape and made.text else ""
        return right, Content.assemble((made.shape, MUTED), gap, (made.text, style), " ")
    kind = Content.styled(f"{failed} ", BAD) if failed else Content()
    return kind, kind


def _code_line(
    gutter: Content, code: Content, beside: tuple[Content, Content], width: int, *, current: bool
) -> list[Content]:
    """The line and what it made: in its columns, or where the code is long just at the end, or below it."""
    right, short = beside
    room = width - gutter.cell_length - 1
    pieces = code.fold(room) if code.cell_length > room else [code]
    lines = [Content.assemble(gutter, pieces[0])]
    lines += [Content.assemble(" " * (gutter.cell_length + 2), piece) for piece in pieces[1:]]
    if right:
        if lines[-1].cell_length + 1 + right.cell_length > width:
            right = short
        if lines[-1].cell_length + 2 + right.cell_length > width:
            lines.append(Content())
        lines[-1] = spread(lines[-1], right, width)
    if current:
        lines = [Content.assemble(line, " " * max(0, width - line.cell_length)).stylize(CURRENT) for line in lines]
    return lines


class _Made(NamedTuple):
    """What stands beside a line, and how many cells that takes: asked of each line whenever one of them is new."""

    shape: str
    text: str
    style: str
    shape_width: int
    text_width: int
    width: int  # at least


def _words(line: Line) -> _Made:
    """Shape, then operator or value, and its role. One number is its own best description; more need their operator."""
    shape = shape_words(line.shape) if line.shape is not None else ""
    one = line.shape is None or math.prod(line.shape) == 1
    text = (line.text or line.operator if one else line.operator or line.text) or ""
    times = f" ×{line.times}" if line.times > 1 else ""
    text, style = fit(safe(text), min(cell_len(text), WIDEST)) + times, _WORDS.get(text, "")
    shape_width, text_width = cell_len(shape), cell_len(text)
    return _Made(shape, text, style, shape_width, text_width, shape_width + 2 * bool(shape and text) + text_width + 1)


def in_full(line: Line) -> Content:
    """All that is known of what a line made: `loss  ()  float32  mean  0.0312  ran 300 times`."""
    shape = shape_words(line.shape) if line.shape is not None else ""
    words = [safe(line.name or ""), shape, line.dtype or "", line.operator or "", safe(line.text)]
    if line.times > 1:
        words.append(t("ran {n} times", n=thousands(line.times)))
    return Content.styled("  ".join(word for word in words if word), MUTED)


def lay_step(step: Step, width: int, indent: str) -> list[Content]:
    """What the last statement changed; variables on one storage."""
    told = [
        (t("made or changed"), ", ".join(step.changed), WARN),
        (t("gradient moved"), ", ".join(step.grads), WARN),
        (t("share memory"), "   ".join(" = ".join(names) for names in step.shared), ""),
    ]
    told = [each for each in told if each[1]] or [(t("nothing changed"), "", "")]
    room = max(cell_len(what) for what, _, _ in told) + 3
    lines = [Content()]
    for what, names, style in told:
        pieces = wrap(Content.styled(safe(names), style), max(width - len(indent) - room - 1, 20)) or [Content()]
        lines.append(Content.assemble(indent, (fit(what, room), MUTED), pieces[0]))
        lines += [Content.assemble(indent, " " * room, piece) for piece in pieces[1:]]
    return lines


def lay_differences(author: str, learner: str, width: int) -> list[Content]:
    """The author's lines that are gone with a `-`, the learner's with a `+`, and those that both have."""
    lines: list[Content] = []
    for line in difflib.ndiff(author.split("\n"), learner.split("\n")):
        sign, text = line[0], safe(line[2:])
        style = {"-": BAD, "+": GOOD}.get(sign, MUTED)
        if sign != "?":  # where in the line: for people who read ndiff's own format
            pieces = Content.styled(text, style).fold(max(width - 6, 20)) if text else [Content()]
            lines += [
                Content.assemble("  ", (sign if number == 0 else " ", style), "  ", piece)
                for number, piece in enumerate(pieces)
            ]
    return lines
