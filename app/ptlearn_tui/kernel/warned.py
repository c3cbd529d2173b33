"""Warnings of a cell: each once, in a line that says which line of the learner's led to it."""

from __future__ import annotations

import re
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from ptlearn_tui.kernel.frames import cell_of

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 60  # frames between a cell and the library that warns
_PYTHONS = warnings.showwarning
_INTERNALS = re.compile(r"\s*\(Triggered internally at [^)]*\)\s*\Z")


@contextmanager
def warning_once(cell: int, namespace: dict[str, Any]) -> Iterator[None]:
    """While `cell` runs in `namespace`: ``UserWarning, line 3: …`` on stderr, in place of a path and a source line.

    A cell that runs again warns again. What the learner does with `warnings` holds, in later cells too.
    """
    namespace.pop("__warningregistry__", None)  # where Python notes what it has warned of
    said: set[tuple[str, str]] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        head, text = category.__name__ + _place(cell, filename, lineno), _INTERNALS.sub("", str(message))
        if (head, text) not in said:
            said.add((head, text))
            (file or sys.stderr).write(f"{head}: {text}\n")

    original = warnings.showwarning
    if original is _PYTHONS:  # else the learner has set their own
        warnings.showwarning = show
    try:
        yield
    finally:
        if warnings.showwarning is show:
            warnings.showwarning = original


def _place(cell: int, filename: str, lineno: int) -> str:
    """The innermost line of a cell, however deep in a library the warning was; nothing outside cells."""
    frame = sys._getframe(2)
    for _ in range(DEPTH):
        other = cell_of(frame.f_code.co_filename)
        if other is not None:
            filename, lineno = frame.f_code.co_filename, frame.f_lineno
            break
        if frame.f_back is None:
            break
        frame = frame.f_back
    other = cell_of(filename)
    if other is None:
        return ""
    return f", line {lineno}" if other == cell else f", cell {other + 1}, line {lineno}"
