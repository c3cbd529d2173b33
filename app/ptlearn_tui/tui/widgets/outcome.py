"""Below an answer: what the checks say of it, the smallest input that fails, hints, and a solution."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.course.practice import Standing
from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.glyphs import tick
from ptlearn_tui.tui.text import spread, took, wrap
from ptlearn_tui.tui.theme import ACCENT, BAD, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.python_colours import in_colour

if TYPE_CHECKING:
    from ptlearn_tui.course.exercise import Exercise
    from ptlearn_tui.events import Shown
    from ptlearn_tui.kernel.verdict import Verdict

INDENT = "   "
MOST_LINES = 8  # of a value
ROOMY = 70  # cells from which labels are whole
TRIES = 3  # after which a solution may be seen without a pass


@dataclass
class Effort:
    """How far somebody is with an exercise."""

    exercise: Exercise
    standing: Standing = field(default_factory=Standing)
    verdict: Verdict | None = None  # of the last check in this session
    checking: float | None = None  # seconds, while it goes on
    refused: str = ""  # why nothing could be checked
    hints: int = 0  # shown
    solved: bool = False  # the solution is shown

    @property
    def may_see(self) -> bool:
        """Whether a solution is there for the asking."""
        return self.standing.passed or self.standing.failed >= TRIES


class Outcome(Lines):
    """Nothing is drawn before the first check but what there is to do."""

    DEFAULT_CSS = "Outcome { margin: 0 0 1 0; }"

    def __init__(self, effort: Effort) -> None:
        super().__init__()
        self.effort = effort

    def lay(self, width: int) -> list[Content]:
        """The verdict, the values, the checks, hints, the solution."""
        effort, room = self.effort, width - 2 * len(INDENT)
        lines = self._verdict(room)
        for number, hint in enumerate(effort.exercise.hints[: effort.hints], 1):
            head = Content.styled(t("Hint {n}", n=number) + "   ", WARN)
            lines += [Content(), *wrap(head + _marked(hint), room)]
        offers = [line for words in self._offers() for line in wrap(Content.styled(words, MUTED), room)]
        lines += [Content(), *offers] if lines else offers
        if effort.solved:
            lines += [Content(), Content.styled(t("A solution"), STRONG), *in_colour(effort.exercise.solution)]
        return [Content.assemble(INDENT, line) for line in lines]

    def _verdict(self, room: int) -> list[Content]:
        effort, verdict = self.effort, self.effort.verdict
        if effort.checking is not None:
            seconds = int(effort.checking)
            words = t("checking") if seconds < 1 else t("checking, {n} s", n=seconds)
            return [Content.styled(words, WARN)]
        if effort.refused:
            return wrap(Content.styled(safe(effort.refused), BAD), room)
        if verdict is None:
            if effort.standing.passed:
                return [Content.assemble((f"{tick()} ", GOOD), (t("you have passed this one before"), MUTED))]
            return []
        mark = (f"{tick()} " + t("Passed"), GOOD) if verdict.passed else ("✗ " + t("Not yet"), BAD)
        lines = wrap(Content.assemble(mark, "   ", _marked(safe(verdict.message))), room)
        lines += self._values(verdict, room)
        return [*lines, Content(), *self._checks(verdict, room)]

    def _values(self, verdict: Verdict, room: int) -> list[Content]:
        fails = t("smallest input that fails") if room >= ROOMY else t("smallest input")
        heads = {"input": fails, "expected": t("expected"), "got": t("got")}
        wide = max(cell_len(heads[role]) for role, _ in verdict.values) + 3 if verdict.values else 0
        lines = [Content()] if verdict.values else []
        told = ""
        for role, shown in verdict.values:
            lines += _value("" if role == told else heads[role], shown, wide, room)
            told = role
        return lines

    def _checks(self, verdict: Verdict, room: int) -> list[Content]:
        marks = {True: (tick(), GOOD), False: ("✗", BAD), None: ("·", MUTED)}
        rows, line = [], Content()
        for label, ok in verdict.labels:
            each = Content.assemble(marks[ok], (f" {label}", MUTED if ok is None else ""))
            if line.cell_length + each.cell_length + 3 > room:
                rows.append(line)
                line = Content()
            line = Content.assemble(line, "   " if line.plain else "", each)
        return [*rows, line]

    def _offers(self) -> list[str]:
        effort, verdict = self.effort, self.effort.verdict
        words = []
        total = len(effort.exercise.hints)
        if effort.standing.passed and not effort.solved:
            words.append(t("s shows a solution to compare with."))
        elif not effort.standing.passed:
            if effort.hints < total:
                words.append(t("Hint {n} of {total} is there when you want it: h.", n=effort.hints + 1, total=total))
            if effort.may_see and not effort.solved:
                words.append(t("s shows a solution."))
        if verdict is not None and verdict.done is not None and effort.checking is None:
            words.append(t("Checked in a fresh process, {time}.", time=took(verdict.done.seconds)))
        return words


def _value(head: str, shown: Shown, wide: int, room: int) -> list[Content]:
    name = f"{shown.name} = " if shown.name else ""
    label = Content.styled(head, MUTED).pad_right(wide - cell_len(head))
    shape = f"{_tuple(shown.shape)}  {shown.dtype}" if shown.shape is not None else ""
    texts = safe(name + shown.text).split("\n")
    if len(texts) > MOST_LINES:
        texts = [*texts[: MOST_LINES - 1], "…"]
    inner = room - wide - cell_len(shape) - 2
    pieces = [piece for text in texts for piece in Content(text).fold(max(inner, 20))]
    first = Content.assemble(label, pieces[0])
    return [
        spread(first, Content.styled(shape, ACCENT), room) if shape else first,
        *(Content.assemble(" " * wide, piece) for piece in pieces[1:MOST_LINES]),
    ]


def _marked(text: str) -> Content:
    """Code between backticks, as in the prose."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return Content(text)
    return Content.assemble(*((piece, "$call" if at % 2 else "") for at, piece in enumerate(pieces)))


def _tuple(shape: list[int]) -> str:
    return str(tuple(shape))
