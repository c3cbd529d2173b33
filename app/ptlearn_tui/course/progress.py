"""What the learner has done, in `progress.sqlite3`: on disk before it is shown, and safe against a kill.

SQLite's default journal, not WAL: homes on NFS have no shared memory between machines.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from ptlearn_tui.course.schema import NEXT_ID, bring_up
from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

FILE = "progress.sqlite3"

_BUSY = 5.0  # seconds to wait for another shell's write before giving up


class Scratch(NamedTuple):
    """A cell that a learner has added to a page."""

    id: int
    place: float  # among the author's cells, whose places are 0, 1, 2, …: 1.5 stands below the second
    source: str


class Attempt(NamedTuple):
    """An answer to a question, or one check of an exercise."""

    uid: str
    what: str  # "question autograd/scalar#first", "exercise autograd/grad-of-mean"
    given: str
    ok: bool
    changed: float  # seconds since 1970


class Output(NamedTuple):
    """What a cell printed when it ran last."""

    source: str  # that ran
    text: str
    changed: float  # seconds since 1970


class Replaced(NamedTuple):
    """A learner's text that gave way to a newer one when progress was imported."""

    kind: str  # "edit", "cell" (an added one) or "remark"
    page: str
    cell: str  # its number, 0-based; an added one's uid; "" of a remark
    text: str
    changed: float  # when it was written, seconds since 1970
    replaced: float  # when it gave way


def unusable(path: Path, error: sqlite3.Error) -> RequestError:
    """What to tell somebody whose store can't be read or written."""
    reason = " ".join(str(error).split())
    return RequestError(f"{path}: {reason}; move the file away, or choose another place with --home DIR")


class Progress:
    """The store. Its methods may be called from any thread; each write is one committed transaction."""

    def __init__(self, path: Path, *, patience: float = _BUSY, clock: Callable[[], float] = time.time) -> None:
        """`patience` is how many seconds a read may wait for another's write; a screen has none to spare."""
        self.path = path
        self._clock = clock
        self._locks = threading.Lock(), threading.Lock()  # a read never waits for a write of our own
        try:
            self._writer = self._connect(_BUSY)
            try:
                (state,) = self._writer.execute("PRAGMA quick_check(1)").fetchone()  # 0.05 ms: the file is small
                if state != "ok":
                    raise sqlite3.DatabaseError(f"it is damaged ({state})")
                bring_up(self._writer, path)
                self._reader = self._connect(patience)
            except (sqlite3.Error, RequestError):
                self._writer.close()
                raise
        except sqlite3.Error as error:
            raise unusable(path, error) from error

    def _connect(self, patience: float) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=patience, isolation_level=None, check_same_thread=False)

    @classmethod
    def open(cls, *, patience: float = _BUSY) -> Progress:
        """The store in the state folder, made when it is not there."""
        return cls(state_folder() / FILE, patience=patience)

    def close(self) -> None:
        """Close the file."""
        for lock, connection in zip(self._locks, (self._reader, self._writer), strict=True):
            with lock:
                connection.close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, statement: str, *values: object) -> int:
        """The number of the row that was added, where one was."""
        with self._locks[1]:
            return self._writer.execute(statement, values).lastrowid or 0

    def _rows(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        with self._locks[0]:
            return self._reader.execute(statement, values).fetchall()

    @contextmanager
    def together(self) -> Iterator[sqlite3.Connection]:
        """Several statements as one: nobody else writes meanwhile, and all of them are on disk at the end, or none."""
        with self._locks[1], self._writer:  # which commits, or undoes
            self._writer.execute("BEGIN IMMEDIATE")
            yield self._writer

    @contextmanager
    def at_once(self) -> Iterator[sqlite3.Connection]:
        """Several reads of one and the same moment."""
        with self._locks[0], self._reader:
            self._reader.execute("BEGIN")
            yield self._reader

    def tick(self, item: str, *, done: bool) -> None:
        """Tick or untick an item of the plan; on disk when this returns."""
        self._write("REPLACE INTO ticks VALUES (?, ?, ?)", item, int(done), self._clock())

    def ticked(self) -> frozenset[str]:
        """The items that are done."""
        return frozenset(row[0] for row in self._rows("SELECT item FROM ticks WHERE done"))

    def ticks(self) -> dict[str, bool]:
        """Every item that was ever ticked or unticked."""
        return {str(item): bool(done) for item, done in self._rows("SELECT item, done FROM ticks")}

    def read(self, page: str) -> None:
        """Note that a page (`item/page`) was read to its end."""
        self._write("INSERT OR IGNORE INTO pages VALUES (?, ?)", page, self._clock())

    def pages_read(self) -> frozenset[str]:
        """Every page that was read."""
        return frozenset(row[0] for row in self._rows("SELECT page FROM pages"))

    def edit(self, page: str, cell: int, source: str) -> None:
        """Keep a learner's version of a cell (0-based, of the page's cells)."""
        self._write("REPLACE INTO edits VALUES (?, ?, ?, ?)", page, cell, source, self._clock())

    def forget_edit(self, page: str, cell: int) -> None:
        """Back to the author's text."""
        with self.together() as store:
            store.execute("DELETE FROM edits WHERE page = ? AND cell = ?", (page, cell))
            store.execute("REPLACE INTO edits_gone VALUES (?, ?, ?)", (page, cell, self._clock()))

    def edits(self, page: str) -> dict[int, str]:
        """The cells of a page that the learner has changed."""
        rows = self._rows("SELECT cell, source FROM edits WHERE page = ?", page)
        return {int(cell): source for cell, source in rows}

    def add_scratch(self, page: str, place: float, source: str) -> int:
        """Keep a cell that the learner has added; its id."""
        statement = f"INSERT INTO scratch (id, page, place, source, changed) VALUES ({NEXT_ID}, ?, ?, ?, ?)"
        return self._write(statement, page, place, source, self._clock())

    def edit_scratch(self, id: int, source: str) -> None:
        """The cell's new text. One that was removed elsewhere in the meantime comes back: nothing written is lost."""
        with self.together() as store:
            values = (source, self._clock(), id)
            if not store.execute("UPDATE scratch SET source = ?, changed = ? WHERE id = ?", values).rowcount:
                store.execute(
                    "INSERT INTO scratch (id, uid, page, place, source, changed)"
                    " SELECT id, uid, page, place, ?, ? FROM scratch_gone WHERE id = ?"
                    " ON CONFLICT (uid) DO UPDATE SET source = excluded.source, changed = excluded.changed",
                    values,
                )

    def forget_scratch(self, id: int) -> None:
        """The cell is gone."""
        with self.together() as store:
            store.execute(
                "REPLACE INTO scratch_gone (uid, id, page, place, changed)"
                " SELECT uid, id, page, place, ? FROM scratch WHERE id = ?",
                (self._clock(), id),
            )
            store.execute("DELETE FROM scratch WHERE id = ?", (id,))

    def scratch(self, page: str) -> list[Scratch]:
        """The cells that the learner has added to a page, in their places."""
        rows = self._rows("SELECT id, place, source FROM scratch WHERE page = ? ORDER BY place, id", page)
        return [Scratch(int(id), float(place), source) for id, place, source in rows]

    def keep_remark(self, page: str, text: str) -> None:
        """The learner's own words on a page, Markdown; an empty text takes them back."""
        self._write("REPLACE INTO remarks VALUES (?, ?, ?)", page, text if text.strip() else None, self._clock())

    def remark(self, page: str) -> str:
        """The learner's own words on a page; empty where there are none."""
        return self.remarks().get(page, "")

    def remarks(self) -> dict[str, str]:
        """Every page that has a remark, and the remark."""
        rows = self._rows("SELECT page, text FROM remarks WHERE text <> '' ORDER BY page")
        return {row[0]: row[1] for row in rows}

    def keep_output(self, page: str, cell: int, source: str, text: str) -> None:
        """What a cell (0-based, of the page's cells) has printed, and the source that ran."""
        self._write("REPLACE INTO outputs VALUES (?, ?, ?, ?, ?)", page, cell, source, text, self._clock())

    def outputs(self, page: str) -> dict[int, Output]:
        """What the page's cells printed when they ran last."""
        rows = self._rows("SELECT cell, source, text, changed FROM outputs WHERE page = ? ORDER BY cell", page)
        return {int(cell): Output(source, text, float(changed)) for cell, source, text, changed in rows}

    def attempt(self, what: str, given: str, *, ok: bool) -> None:
        """Keep an answer to a question, or one check of an exercise; `what` as in `Attempt`."""
        self._write("INSERT INTO attempts VALUES (?, ?, ?, ?, ?)", uuid4().hex, what, given, int(ok), self._clock())

    def attempts(self, what: str | None = None) -> list[Attempt]:
        """All of them, or those of one question or exercise, the oldest first."""
        rows = self._rows(
            "SELECT uid, what, given, ok, changed FROM attempts WHERE what = coalesce(?, what) ORDER BY changed, uid",
            what,
        )
        return [Attempt(uid, what, given, bool(ok), float(at)) for uid, what, given, ok, at in rows]

    @property
    def now(self) -> float:
        """The store's clock, seconds since 1970."""
        return self._clock()

    def replaced(self) -> list[Replaced]:
        """Every text of the learner's that an import has replaced, the oldest import first."""
        rows = self._rows("SELECT kind, page, cell, text, changed, replaced FROM replaced ORDER BY replaced, rowid")
        return [Replaced(kind, page, cell, text, float(at), float(gone)) for kind, page, cell, text, at, gone in rows]

    def worked_on(self) -> frozenset[str]:
        """Where cells were changed, added, or have printed something."""
        tables = ("edits", "scratch", "outputs")
        return frozenset(row[0] for table in tables for row in self._rows(f"SELECT DISTINCT page FROM {table}"))

    def setting(self, name: str) -> str | None:
        """A remembered choice: "language", "place"."""
        rows = self._rows("SELECT value FROM settings WHERE name = ?", name)
        return rows[0][0] if rows else None

    def remember(self, name: str, value: str) -> None:
        """Keep a choice for next time."""
        self._write("REPLACE INTO settings VALUES (?, ?)", name, value)

    def version(self) -> int:
        """A number that changes when anybody has written. Reads one page of the file."""
        return int(self._rows("PRAGMA data_version")[0][0])


def chosen_language() -> str | None:
    """The language that was chosen last; None where nothing was. Makes no file."""
    try:
        path = state_folder() / FILE
        if not path.exists():
            return None
        with Progress(path) as progress:
            return progress.setting("language")
    except (RequestError, sqlite3.Error):
        return None  # whoever needs the store says what is wrong with it
