"""The tables of `progress.sqlite3`, and how a store that an older program has made gets the newer ones.

What older programs read and write stays as it was (they name no columns where they add a row), so that they still work
on a store of now. That is why what was taken back stands in tables of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

# A release adds a step of its own, and changes none that was in one: stores out there have taken those already.
_STEPS: tuple[tuple[str, ...], ...] = (
    (
        # The first five may be there: from before stores had a version.
        "CREATE TABLE IF NOT EXISTS ticks (item TEXT PRIMARY KEY, done INTEGER NOT NULL, changed REAL NOT NULL)",
        "CREATE TABLE IF NOT EXISTS pages (page TEXT PRIMARY KEY, read REAL NOT NULL)",
        """CREATE TABLE IF NOT EXISTS edits (
            page TEXT, cell INTEGER, source TEXT NOT NULL, changed REAL NOT NULL, PRIMARY KEY (page, cell)
        )""",
        """CREATE TABLE IF NOT EXISTS scratch (
            id INTEGER PRIMARY KEY, page TEXT NOT NULL, place REAL NOT NULL, source TEXT NOT NULL, changed REAL NOT NULL
        )""",
        "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        # An added cell's `id` is of this machine only; its `uid` is the same wherever it was brought.
        "ALTER TABLE scratch ADD COLUMN uid TEXT",
        "UPDATE scratch SET uid = lower(hex(randomblob(16)))",
        "CREATE UNIQUE INDEX scratch_uid ON scratch (uid)",
        """CREATE TRIGGER scratch_named AFTER INSERT ON scratch WHEN new.uid IS NULL BEGIN
            UPDATE scratch SET uid = lower(hex(randomblob(16))) WHERE id = new.id;
        END""",
        # What was taken back, and when; it counts only where `edits` and `scratch` have no such row.
        """CREATE TABLE edits_gone (
            page TEXT, cell INTEGER, changed REAL NOT NULL, PRIMARY KEY (page, cell)
        )""",
        """CREATE TABLE scratch_gone (
            uid TEXT PRIMARY KEY, id INTEGER, page TEXT NOT NULL, place REAL NOT NULL, changed REAL NOT NULL
        )""",
        # A remark that was taken back has no text.
        "CREATE TABLE remarks (page TEXT PRIMARY KEY, text TEXT, changed REAL NOT NULL)",
        """CREATE TABLE outputs (
            page TEXT, cell INTEGER, source TEXT NOT NULL, text TEXT NOT NULL, changed REAL NOT NULL,
            PRIMARY KEY (page, cell)
        )""",
        # Texts that gave way to newer ones when progress was imported. `cell`: a cell's number, or an added one's uid.
        """CREATE TABLE replaced (
            kind TEXT NOT NULL, page TEXT NOT NULL, cell TEXT NOT NULL, text TEXT NOT NULL,
            changed REAL NOT NULL, replaced REAL NOT NULL
        )""",
        # Imported times that lay in the future (`claimed`, by a wrong clock), and what they were taken for.
        """CREATE TABLE clamped (
            kind TEXT, key TEXT, claimed REAL, changed REAL NOT NULL, PRIMARY KEY (kind, key, claimed)
        )""",
    ),
    (
        # Every answer to a question, every check of an exercise: two machines' are simply put together.
        """CREATE TABLE attempts (
            uid TEXT PRIMARY KEY, what TEXT NOT NULL, given TEXT NOT NULL, ok INTEGER NOT NULL, changed REAL NOT NULL
        )""",
        "CREATE INDEX attempts_what ON attempts (what)",
    ),
)

VERSION = len(_STEPS)

# SQL: of a cell that is added. No id comes twice: who has the page open would write into another's cell.
NEXT_ID = "(SELECT 1 + coalesce(max(id), 0) FROM (SELECT id FROM scratch UNION ALL SELECT id FROM scratch_gone))"


def bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Make what is missing, all of it or nothing; one read where nothing is. Raises `RequestError`, `sqlite3.Error`.

    A store of a newer program is left alone.
    """
    if _version(connection, path) == VERSION:
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for step in _STEPS[_version(connection, path) :]:  # asked again: another program may have been faster
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not 0 <= version <= VERSION:
        raise RequestError(
            t(
                "{path} was written by a newer ptlearn-tui: update this one, or choose another place with --home",
                path=path,
            )
        )
    return version
