"""What was made on two machines becomes one: of each thing, what was changed later.

Whoever imports from whom, in whatever order and how often, all end with the same. That takes a rule for two different
things of one and the same moment: a value before one that was taken back, then the greater.
"""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ptlearn_tui.course import made
from ptlearn_tui.course.made import Made
from ptlearn_tui.course.schema import NEXT_ID

if TYPE_CHECKING:
    from ptlearn_tui.course.progress import Progress


class Kind(NamedTuple):
    """How one kind of thing lies in the store."""

    record: type[made.Record]
    keys: int  # so many of the record's first fields name it
    rows: str  # SQL that gives all, in the order of the record's fields; NULL where it was taken back
    put: str  # SQL that writes a record, fields by name
    gone: tuple[str, ...] = ()  # the same for one that was taken back
    text: str = ""  # the field that is the learner's own writing
    called: str = ""  # such a text, in `replaced`


KINDS: dict[str, Kind] = {
    "ticks": Kind(
        made.Tick,
        keys=1,
        rows="SELECT item, done, changed FROM ticks",
        put="REPLACE INTO ticks VALUES (:item, :done, :changed)",
    ),
    "pages": Kind(
        made.PageRead, keys=1, rows="SELECT page, read FROM pages", put="REPLACE INTO pages VALUES (:page, :read)"
    ),
    "edits": Kind(
        made.Edit,
        keys=2,
        rows="SELECT page, cell, source, changed FROM edits UNION ALL"
        " SELECT page, cell, NULL, changed FROM edits_gone WHERE (page, cell) NOT IN (SELECT page, cell FROM edits)",
        put="REPLACE INTO edits VALUES (:page, :cell, :source, :changed)",
        gone=(
            "REPLACE INTO edits_gone VALUES (:page, :cell, :changed)",
            "DELETE FROM edits WHERE page = :page AND cell = :cell",
        ),
        text="source",
        called="edit",
    ),
    "cells": Kind(
        made.AddedCell,
        keys=1,
        rows="SELECT uid, page, place, source, changed FROM scratch UNION ALL"
        " SELECT uid, page, place, NULL, changed FROM scratch_gone WHERE uid NOT IN (SELECT uid FROM scratch)",
        put="INSERT INTO scratch (id, uid, page, place, source, changed)"
        f" VALUES ({NEXT_ID}, :uid, :page, :place, :source, :changed) ON CONFLICT (uid) DO UPDATE SET"
        " page = excluded.page, place = excluded.place, source = excluded.source, changed = excluded.changed",
        gone=(
            # The id stays: who has the page open may still write under it.
            "REPLACE INTO scratch_gone (uid, id, page, place, changed) VALUES (:uid, coalesce("
            "(SELECT id FROM scratch WHERE uid = :uid), (SELECT id FROM scratch_gone WHERE uid = :uid)),"
            " :page, :place, :changed)",
            "DELETE FROM scratch WHERE uid = :uid",
        ),
        text="source",
        called="cell",
    ),
    "remarks": Kind(
        made.Remark,
        keys=1,
        rows="SELECT page, text, changed FROM remarks",
        put="REPLACE INTO remarks VALUES (:page, :text, :changed)",
        text="text",
        called="remark",
    ),
    "outputs": Kind(
        made.CellOutput,
        keys=2,
        rows="SELECT page, cell, source, text, changed FROM outputs",
        put="REPLACE INTO outputs VALUES (:page, :cell, :source, :text, :changed)",
    ),
    "attempts": Kind(
        made.Attempt,
        keys=1,
        rows="SELECT uid, what, given, ok, changed FROM attempts",
        put="REPLACE INTO attempts VALUES (:uid, :what, :given, :ok, :changed)",
    ),
}


class Count(NamedTuple):
    """What became of one kind of imported things. The rest was here already, just so."""

    came_in: int
    newer_here: int  # so the imported one was left out


class Summary(NamedTuple):
    """What an import has done."""

    counts: dict[str, Count]  # by the names of `KINDS`
    replaced: int  # texts of the learner's that gave way; `Progress.replaced` has them


def collect(progress: Progress) -> Made:
    """Everything that a learner has made, as it is at one moment. Raises `sqlite3.Error`."""
    with progress.at_once() as store:
        found = {name: sorted(_rows(store, kind), key=partial(_key, kind)) for name, kind in KINDS.items()}
    return msgspec.structs.replace(Made(), **found)


def merge(progress: Progress, other: Made, now: float) -> Summary:
    """Take in what was made elsewhere, all of it or nothing. Raises `sqlite3.Error`.

    Times later than `now` come from a wrong clock, and are taken for `now`: it must not win for ever.
    """
    with progress.together() as store:
        before = _replaced(store)
        counts = {name: _take_in(store, name, getattr(other, name), now) for name in KINDS}
        return Summary(counts, _replaced(store) - before)


def _take_in(store: sqlite3.Connection, name: str, others: list[Any], now: float) -> Count:
    kind = KINDS[name]
    here = {_key(kind, record): record for record in _rows(store, kind)}
    came_in = newer_here = 0
    for claimed in others:
        key = _key(kind, claimed)
        mine, other = here.get(key), _clamped(store, name, json.dumps(key), claimed, now)
        if mine is None or _rank(other) > _rank(mine):
            _put(store, kind, other)
            _keep(store, kind, mine, other, now)
            here[key] = other
            came_in += 1
        elif _rank(other) < _rank(mine):
            newer_here += name != "pages"  # of a page, the first time counts: nothing is left out
    return Count(came_in, newer_here)


def _rows(store: sqlite3.Connection, kind: Kind) -> list[Any]:
    """The records that are here. Raises `sqlite3.Error`, also for what no such record can be."""
    fields = kind.record.__struct_fields__
    found = [dict(zip(fields, row, strict=True)) for row in store.execute(kind.rows)]
    try:
        return [msgspec.convert(row, kind.record, strict=False) for row in found]
    except msgspec.ValidationError as error:
        raise sqlite3.DataError(str(error)) from error


def _key(kind: Kind, record: made.Record) -> tuple[Any, ...]:
    return msgspec.structs.astuple(record)[: kind.keys]


def _rank(record: made.Record) -> tuple[Any, ...]:
    """The greater one stays."""
    *values, when = msgspec.structs.astuple(record)
    if isinstance(record, made.PageRead):
        return (-when,)
    return (when, None not in values, *("" if value is None else value for value in values))


def _clamped(store: sqlite3.Connection, name: str, key: str, record: Any, now: float) -> Any:
    """The record with a time that can be. What a time in the future was taken for the first time stays so: else the
    same file, imported again, would win over what was written here since."""
    field = record.__struct_fields__[-1]
    claimed = getattr(record, field)
    values = (name, key, claimed)
    found = store.execute("SELECT changed FROM clamped WHERE kind = ? AND key = ? AND claimed = ?", values).fetchone()
    if found is None and claimed <= now:
        return record
    if found is None:
        store.execute("INSERT INTO clamped VALUES (?, ?, ?, ?)", (*values, now))
    return msgspec.structs.replace(record, **{field: found[0] if found else now})


def _put(store: sqlite3.Connection, kind: Kind, record: made.Record) -> None:
    values = msgspec.structs.asdict(record)
    taken_back = kind.gone and values[kind.text] is None
    for statement in kind.gone if taken_back else (kind.put,):
        store.execute(statement, values)


def _keep(store: sqlite3.Connection, kind: Kind, mine: Any, other: Any, now: float) -> None:
    """A text that gives way to another is the learner's work all the same."""
    text = getattr(mine, kind.text, None) if kind.text else None
    if text is None or text == getattr(other, kind.text):
        return
    cell = getattr(mine, "uid", getattr(mine, "cell", ""))
    values = (kind.called, mine.page, str(cell), text, mine.changed, now)
    store.execute("INSERT INTO replaced VALUES (?, ?, ?, ?, ?, ?)", values)


def _replaced(store: sqlite3.Connection) -> int:
    return int(store.execute("SELECT count(*) FROM replaced").fetchone()[0])
