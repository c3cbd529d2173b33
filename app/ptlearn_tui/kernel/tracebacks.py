"""What a cell raised, as a record: the learner's own frames, with source line and caret; the tensors there."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, NamedTuple

from msgspec import UNSET

from ptlearn_tui.events import Error
from ptlearn_tui.kernel import memory
from ptlearn_tui.kernel.explain import Told, told
from ptlearn_tui.kernel.frames import Folded, Learners, cell_of
from ptlearn_tui.locale.explained import in_english

if TYPE_CHECKING:
    from types import FrameType

TEXT_LIMIT = 20_000  # characters of a traceback
MESSAGE_LIMIT = 4_000


class _Place(NamedTuple):
    """Where it was raised, as far as cells go."""

    line: int | None = None
    cell: int | None = None
    frame: FrameType | None = None


def error(cell: int, raised: BaseException) -> Error:
    """The record of an exception that ended the cell. Holds nothing of it: frames keep tensors alive."""
    place = _place(raised)
    limit = memory.met(raised)
    code, facts = told(raised, place.frame, place.line) if limit is None else Told("too-much-memory", limit)
    folded, whole = _written(raised)
    return Error(
        cell=cell,
        kind=type(raised).__qualname__,
        message=_clip(_message(raised), MESSAGE_LIMIT),
        line=place.line,
        line_cell=UNSET if place.cell is None or place.cell == cell else place.cell,
        traceback=_clip(folded, TEXT_LIMIT),
        whole=_clip(whole, TEXT_LIMIT) if whole != folded else None,
        explanation=in_english(code, facts),
        code=code,
        facts=facts,
    )


def _place(raised: BaseException) -> _Place:
    """The innermost frame that stands in a cell, or the text that could not be parsed."""
    if isinstance(raised, SyntaxError):
        cell = cell_of(raised.filename or "")
        if cell is not None:
            return _Place(raised.lineno, cell)
    found = _Place()
    for frame, line in traceback.walk_tb(raised.__traceback__):
        cell = cell_of(frame.f_code.co_filename)
        if cell is not None:
            found = _Place(line, cell, frame)
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


def _written(raised: BaseException) -> tuple[str, str]:
    """The traceback with a library's frames folded, and with all of them; neither has frames of ours."""
    root = traceback.TracebackException.from_exception(raised)
    parts: dict[int, traceback.TracebackException] = {}
    rest: list[traceback.TracebackException | None] = [root]
    while rest:
        part = rest.pop()
        if part is not None and id(part) not in parts:
            parts[id(part)] = part
            part.stack = Learners.of(part.stack)
            rest += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or [])]
    whole = "".join(root.format()).rstrip("\n")
    for part in parts.values():
        part.stack = Folded(part.stack)
    return "".join(root.format()).rstrip("\n"), whole


def _clip(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2  # the end says what was raised
    return f"{text[:half]}\n…\n{text[-half:]}"
