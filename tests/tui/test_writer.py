"""Writes to the progress store: in order, all of them, and told when they fail."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from ptlearn_tui.course.progress import Progress
from ptlearn_tui.tui.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable


def full() -> None:
    raise sqlite3.OperationalError("database or disk is full")


async def test_a_slow_write_is_not_overtaken_and_the_end_waits_for_all() -> None:
    written: list[str] = []
    disk = threading.Event()
    writer = Writer(written.append)
    writer.keep(lambda: disk.wait() and written.append("en"))
    for language in ("zh", "en", "zh"):
        writer.keep(partial(written.append, language))
    disk.set()
    writer.close()
    assert written == ["en", "zh", "en", "zh"]


async def test_what_fails_is_said_unless_it_was_a_comfort() -> None:
    said: list[str] = []
    writer = Writer(said.append)
    await writer.keep(full, lambda why: f"not kept: {why}")
    await writer.keep(full)
    await writer.keep(lambda: None, lambda why: f"not kept: {why}")
    writer.close()
    assert said == ["not kept: database or disk is full"]


async def test_the_language_of_the_last_key_is_the_one_kept(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        with closing(sqlite3.connect(bench.app.progress.path, isolation_level=None)) as shell:
            shell.execute("BEGIN IMMEDIATE")  # another shell writes
            await bench.press("L", "L", "L")
            shell.execute("ROLLBACK")
        with Progress(bench.app.progress.path) as patient:  # the screen's own would not wait for what is being written
            await bench.until(lambda: patient.setting("language") == "zh")
