"""What a cell raised, as a record: the learner's own frames, with source line and caret."""

from __future__ import annotations

import linecache
import re
import traceback
from functools import lru_cache

from msgspec import UNSET, UnsetType

from ptlearn_tui.events import Error

TEXT_LIMIT = 20_000  # characters of a traceback
MESSAGE_LIMIT = 4_000

_CELL = re.compile(r"<cell (\d+)>")


def filename(cell: int) -> str:
    """The name under which a cell is compiled, and under which tracebacks and `inspect` find its source.

    People count cells from one, as the screens do.
    """
    return f"<cell {cell + 1}>"


@lru_cache(maxsize=4096)  # asked at every backward()
def cell_of(name: str) -> int | None:
    """The cell that a file name stands for; None for any other file."""
    found = _CELL.fullmatch(name)
    return int(found[1]) - 1 if found else None


def remember_source(cell: int, source: str) -> None:
    """Fill `linecache`, so that tracebacks and ``inspect.getsource`` show the cell. No mtime: it never goes stale."""
    name = filename(cell)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def error(cell: int, raised: BaseException) -> Error:
    """The record of an exception that ended the cell. Holds nothing of it: frames keep tensors alive."""
    line, line_cell = _place(raised)
    kind = type(raised).__qualname__
    return Error(
        cell=cell,
        kind=kind,
        message=_clip(_message(raised), MESSAGE_LIMIT),
        line=line,
        line_cell=UNSET if line_cell in (cell, None) else line_cell,
        traceback=_clip(_learners_frames(raised), TEXT_LIMIT),
    )


def _place(raised: BaseException) -> tuple[int | None, int | UnsetType | None]:
    """Line and cell of the innermost frame that stands in a cell, or of the text that could not be parsed."""
    if isinstance(raised, SyntaxError):
        cell = cell_of(raised.filename or "")
        if cell is not None:
            return raised.lineno, cell
    found: tuple[int | None, int | None] = (None, None)
    for frame, line in traceback.walk_tb(raised.__traceback__):
        cell = cell_of(frame.f_code.co_filename)
        if cell is not None:
            found = (line, cell)
    return found


def _message(raised: BaseException) -> str:
    if isinstance(raised, SystemExit):
        return f"sys.exit({'' if raised.code is None else repr(raised.code)}) ends the cell; the kernel lives on"
    try:
        if isinstance(raised, SyntaxError):
            return str(raised.msg)
        return str(raised)
    except Exception:
        return "<str() of this exception failed>"


def _learners_frames(raised: BaseException) -> str:
    whole = traceback.TracebackException.from_exception(raised)
    seen: set[int] = set()
    rest: list[traceback.TracebackException | None] = [whole]
    while rest:
        part = rest.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(
            [frame for frame in part.stack if cell_of(frame.filename) is not None]
        )
        rest += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or [])]
    return "".join(whole.format()).rstrip("\n")


def _clip(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2  # the end says what was raised
    return f"{text[:half]}\n…\n{text[-half:]}"
