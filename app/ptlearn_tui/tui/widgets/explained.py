"""What a cell's error and its advice mean, in the language in use: made when it is drawn, since L may switch it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.locale.explained import explain, live, repair_labels
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import wrap
from ptlearn_tui.tui.theme import MUTED, WARN
from ptlearn_tui.tui.widgets.python_colours import in_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptlearn_tui.events import Advice, Error


_HELD = "\N{NO-BREAK SPACE}"  # while lines are broken; on the screen it would be a trap when code is copied


def lay_error(error: Error, width: int) -> list[Content]:
    """The tensors on the line, why it happened, each repair."""
    lines: list[Content] = []
    told = live(error.facts)
    if told:
        lines += _paragraph(told, WARN, width)
    explained = explain(error.code, error.facts)
    if explained is not None:
        lines += _paragraph(explained.why, "", width)
        lines += _repairs(explained.repairs, width)
    return lines


def lay_advice(advice: Advice, width: int) -> list[Content]:
    """``line 3  why``, and the first repair."""
    where = t("line {n}", n=advice.line)
    if isinstance(advice.line_cell, int):
        where = f"{t('cell {n}', n=advice.line_cell + 1)} {where}"
    explained = explain(advice.code, advice.facts)
    said = explained.why if explained is not None else " ".join(advice.message.split())
    label = Content.styled(f"{where}  ", WARN)
    lines = _hanging(label, _paragraph(said, WARN, width - label.cell_length))
    return lines + (_repairs(explained.repairs[:1], width) if explained is not None else [])


def _paragraph(text: str, style: str, width: int) -> list[Content]:
    """Broken at words, but never within a shape."""
    held = re.sub(r"(?<=\d), (?=\d)", f",{_HELD}", safe(text).replace(_HELD, " "))
    return [Content.styled(line.plain.replace(_HELD, " "), style) for line in wrap(Content(held), width)]


def _repairs(repairs: Sequence[str], width: int) -> list[Content]:
    first, other = repair_labels()
    lines: list[Content] = []
    for number, repair in enumerate(repairs):
        label = Content.styled(other if number else first, MUTED)
        lines += _hanging(label, wrap(_code(repair), width - label.cell_length))
    return lines


def _hanging(label: Content, lines: list[Content]) -> list[Content]:
    """The label before the first line, and as much room before the others."""
    first, *rest = lines
    return [Content.assemble(label, first), *(Content.assemble(" " * label.cell_length, line) for line in rest)]


@lru_cache(maxsize=256)  # a cell is drawn many times a second while it runs
def _code(repair: str) -> Content:
    return in_colour(repair)[0]
