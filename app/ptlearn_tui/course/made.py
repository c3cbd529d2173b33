"""Everything that a learner has made, as one JSON object: the file that moves progress to another machine.

Its version is raised with every field that is added: a program that does not know one refuses the file, since what it
left out would be lost.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

FORMAT = "ptlearn-progress"
VERSION = 2

Time = Annotated[float, Meta(ge=0)]  # seconds since 1970; JSON knows no NaN and no infinity
Index = Annotated[int, Meta(ge=0, le=2**31)]  # of a cell among its page's
Uid = Annotated[str, Meta(min_length=1, max_length=64)]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A thing that is kept: its first fields name it, the last says when it was last changed."""


class Tick(Record, frozen=True):
    """An item of the plan."""

    item: str
    done: bool
    changed: Time


class PageRead(Record, frozen=True):
    """A page that was read to its end."""

    page: str
    read: Time  # for the first time


class Edit(Record, frozen=True):
    """A learner's version of an author's cell."""

    page: str
    cell: Index
    source: str | None  # None: taken back
    changed: Time


class AddedCell(Record, frozen=True):
    """A cell of the learner's own."""

    uid: Uid
    page: str
    place: float  # among the author's cells, whose places are 0, 1, 2, …
    source: str | None  # None: removed
    changed: Time


class Remark(Record, frozen=True):
    """The learner's own words on a page."""

    page: str
    text: str | None  # Markdown; None: taken back
    changed: Time


class CellOutput(Record, frozen=True):
    """What a cell printed when it ran last."""

    page: str
    cell: Index
    source: str  # that ran
    text: str
    changed: Time


class Attempt(Record, frozen=True):
    """An answer to a question, or one check of an exercise."""

    uid: Uid
    what: str  # "question autograd/scalar#first", "exercise autograd/grad-of-mean"
    given: str  # the answer to a question; "" of an exercise, whose text is an edit
    ok: bool
    changed: Time


class Made(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it. Page and item names may be some that this program doesn't know."""

    format: str = FORMAT
    version: Annotated[int, Meta(ge=1)] = VERSION
    ticks: list[Tick] = []
    pages: list[PageRead] = []
    edits: list[Edit] = []
    cells: list[AddedCell] = []
    remarks: list[Remark] = []
    outputs: list[CellOutput] = []
    attempts: list[Attempt] = []


class _Head(Struct):
    """What says whether the rest can be read."""

    format: str = ""
    version: int = 0


def encode(made: Made) -> bytes:
    """Strict JSON, UTF-8, indented: such a file may well be kept under version control."""
    return msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"


def decode(content: bytes, name: str) -> Made:
    """Read such a file; `name` is what to call it. Raises `RequestError`."""
    try:
        head = msgspec.json.decode(content, type=_Head)
        if head.format != FORMAT:
            raise RequestError(
                t('{path} is no progress file: it has no "format": "{format}"', path=name, format=FORMAT)
            )
        if head.version > VERSION:
            raise RequestError(
                t("{path} was written by a newer ptlearn-tui (version {n}): update this one", path=name, n=head.version)
            )
        return msgspec.json.decode(content, type=Made)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        why = " ".join(str(error).split())
        raise RequestError(t("{path} is no progress file: {why}", path=name, why=why)) from error
