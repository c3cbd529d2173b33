"""Warnings of a cell: each once, in a line that says which line of the learner's led to it; a known one with advice."""

from __future__ import annotations

import re
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from msgspec import UNSET

from ptlearn_tui.events import Advice
from ptlearn_tui.kernel.explain import told_of_warning
from ptlearn_tui.kernel.frames import cell_of
from ptlearn_tui.locale.explained import in_english

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from ptlearn_tui.events import Event

DEPTH = 60  # frames between a cell and the library that warns
_PYTHONS = warnings.showwarning
_INTERNALS = re.compile(r"\s*\(Triggered internally at [^)]*\)\s*\Z")


class _Place(NamedTuple):
    """A line of a cell, its frame while it is there, and a library's frames below that, the innermost last."""

    cell: int
    line: int
    frame: FrameType | None = None
    below: list[FrameType] = []  # noqa: RUF012


@contextmanager
def warning_once(cell: int, namespace: dict[str, Any], emit: Callable[[Event], None]) -> Iterator[None]:
    """While `cell` runs in `namespace`: ``UserWarning, line 3: …`` on stderr, in place of a path and a source line.

    A cell that runs again warns again. What the learner does with `warnings` holds, in later cells too.
    """
    namespace.pop("__warningregistry__", None)  # where Python notes what it has warned of
    said: set[tuple[str, str]] = set()
    advised: set[tuple[str, int, int]] = set()  # a loop may word the same one anew, with other sizes

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        place = _place(filename, lineno)
        where = ""
        if place is not None:
            where = f", line {place.line}" if place.cell == cell else f", cell {place.cell + 1}, line {place.line}"
        head, text = category.__name__ + where, _INTERNALS.sub("", str(message))
        if (head, text) in said:
            return
        said.add((head, text))
        (file or sys.stderr).write(f"{head}: {text}\n")
        if place is not None and (advice := _advice(cell, message, place)) is not None:
            key = (advice.code, place.cell, place.line)
            if key not in advised:
                advised.add(key)
                emit(advice)

    original = warnings.showwarning
    if original is _PYTHONS:  # else the learner has set their own
        warnings.showwarning = show
    try:
        yield
    finally:
        if warnings.showwarning is show:
            warnings.showwarning = original


def _advice(cell: int, message: Warning | str, place: _Place) -> Advice | None:
    """What is known of the warning, if it is."""
    if place.frame is None or not isinstance(message, Warning):
        return None
    code, facts = told_of_warning(message, place.frame, place.line, place.below)
    if code is None:
        return None
    return Advice(
        cell=cell,
        code=code,
        line=place.line,
        line_cell=UNSET if place.cell == cell else place.cell,
        message=in_english(code, facts) or str(message),
        facts=facts,
    )


def _place(filename: str, lineno: int) -> _Place | None:
    """The innermost line of a cell, however deep in a library the warning was; None outside cells."""
    frame: FrameType | None = sys._getframe(2)
    below: list[FrameType] = []
    for _ in range(DEPTH):
        if frame is None:
            break
        cell = cell_of(frame.f_code.co_filename)
        if cell is not None:
            return _Place(cell, frame.f_lineno, frame, below[::-1])
        below.append(frame)
        frame = frame.f_back
    cell = cell_of(filename)
    return None if cell is None else _Place(cell, lineno)
