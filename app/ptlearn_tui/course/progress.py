"""What the learner has done, in `progress.sqlite3`: on disk before it is shown, and safe against a kill.

SQLite's default journal, not WAL: homes on NFS have no shared memory between machines.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import state_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

FILE = "progress.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ticks (item TEXT PRIMARY KEY, done INTEGER NOT NULL, changed REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pages (page TEXT PRIMARY KEY, read REAL NOT NULL);
CREATE TABLE IF NOT EXISTS edits (
    page TEXT, cell INTEGER, source TEXT NOT NULL, changed REAL NOT NULL, PRIMARY KEY (page, cell)
);
CREATE TABLE IF NOT EXISTS scratch (
    id INTEGER PRIMARY KEY, page TEXT NOT NULL, place REAL NOT NULL, source TEXT NOT NULL, changed REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

_BUSY = 5.0  # seconds to wait for another shell's write before giving up


class Scratch(NamedTuple):
    """A cell that a learner has added to a page."""

    id: int
    place: float  # among the author's cells, whose places are 0, 1, 2, …: 1.5 stands below the second
    source: str


def unusable(path: Path, error: sqlite3.Error) -> RequestError:
    """What to tell somebody whose store can't be read or written."""
    reason = " ".join(str(error).split())
    return RequestError(f"{path}: {reason}; move the file away, or choose another place with --home DIR")


class Progress:
    """The store. Its methods may be called from any thread; each write is one committed transaction."""

    def __init__(self, path: Path, *, patience: float = _BUSY) -> None:
        """`patience` is how many seconds a read may wait for another's write; a screen has none to spare."""
        self.path = path
        self._locks = threading.Lock(), threading.Lock()  # a read never waits for a write of our own
        try:
            self._writer = self._connect(_BUSY)
            try:
                self._writer.executescript(_SCHEMA)
                (state,) = self._writer.execute("PRAGMA quick_check(1)").fetchone()  # 0.05 ms: the file is small
                if state != "ok":
                    raise sqlite3.DatabaseError(f"it is damaged ({state})")
                self._reader = self._connect(patience)
            except sqlite3.Error:
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

    def tick(self, item: str, *, done: bool) -> None:
        """Tick or untick an item of the plan; on disk when this returns."""
        self._write("REPLACE INTO ticks VALUES (?, ?, ?)", item, int(done), time.time())

    def ticked(self) -> frozenset[str]:
        """The items that are done."""
        return frozenset(row[0] for row in self._rows("SELECT item FROM ticks WHERE done"))

    def read(self, page: str) -> None:
        """Note that a page (`item/page`) was read to its end."""
        self._write("INSERT OR IGNORE INTO pages VALUES (?, ?)", page, time.time())

    def pages_read(self) -> frozenset[str]:
        """Every page that was read."""
        return frozenset(row[0] for row in self._rows("SELECT page FROM pages"))

    def edit(self, page: str, cell: int, source: str) -> None:
        """Keep a learner's version of a cell (0-based, of the page's cells)."""
        self._write("REPLACE INTO edits VALUES (?, ?, ?, ?)", page, cell, source, time.time())

    def forget_edit(self, page: str, cell: int) -> None:
        """Back to the author's text."""
        self._write("DELETE FROM edits WHERE page = ? AND cell = ?", page, cell)

    def edits(self, page: str) -> dict[int, str]:
        """The cells of a page that the learner has changed."""
        rows = self._rows("SELECT cell, source FROM edits WHERE page = ?", page)
        return {int(cell): source for cell, source in rows}

    def add_scratch(self, page: str, place: float, source: str) -> int:
        """Keep a cell that the learner has added; its id."""
        statement = "INSERT INTO scratch (page, place, source, changed) VALUES (?, ?, ?, ?)"
        return self._write(statement, page, place, source, time.time())

    def edit_scratch(self, id: int, source: str) -> None:
        """The cell's new text."""
        self._write("UPDATE scratch SET source = ?, changed = ? WHERE id = ?", source, time.time(), id)

    def forget_scratch(self, id: int) -> None:
        """The cell is gone."""
        self._write("DELETE FROM scratch WHERE id = ?", id)

    def scratch(self, page: str) -> list[Scratch]:
        """The cells that the learner has added to a page, in their places."""
        rows = self._rows("SELECT id, place, source FROM scratch WHERE page = ? ORDER BY place, id", page)
        return [Scratch(int(id), float(place), source) for id, place, source in rows]

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
