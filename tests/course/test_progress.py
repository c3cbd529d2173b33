"""What the learner has done is on disk before it is shown, whatever happens to the process."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from killed import kill_at
from ptlearn_tui.course import schema
from ptlearn_tui.course.progress import FILE, Progress, chosen_language
from ptlearn_tui.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def progress() -> Iterator[Progress]:
    with Progress.open() as store:
        yield store


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process, on the same home; `store` is open in it."""
    setup = "import os, signal, sys\nfrom ptlearn_tui.course.progress import Progress\nstore = Progress.open()\n"
    return subprocess.Popen(
        [sys.executable, "-c", setup + code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_new_learner_has_done_nothing(progress: Progress) -> None:
    assert progress.ticked() == frozenset()
    assert progress.pages_read() == frozenset()
    assert progress.setting("language") is None


def test_ticks_pages_and_settings_are_there_when_the_store_is_opened_again(learner_home: Path) -> None:
    with Progress.open() as progress:
        for item in ("tensors", "autograd", "data"):
            progress.tick(item, done=True)
        progress.tick("autograd", done=False)
        progress.tick("data", done=True)
        progress.read("tensors/view")
        progress.read("tensors/view")
        progress.remember("place", "tensors/view")
        progress.remember("place", "tensors/creating")
    assert progress.path == learner_home / FILE
    with Progress.open() as progress:
        assert progress.ticked() == {"tensors", "data"}
        assert progress.pages_read() == {"tensors/view"}
        assert progress.setting("place") == "tensors/creating"
        assert progress.setting("other") is None


def test_the_home_is_the_learners_alone(learner_home: Path) -> None:
    Progress.open().close()
    assert learner_home.stat().st_mode & 0o777 == 0o700


def test_another_processs_tick_is_seen(progress: Progress) -> None:
    before = progress.version()
    assert progress.version() == before
    other = python("store.tick('networks', done=True)")
    assert other.wait() == 0
    assert progress.version() != before
    assert progress.ticked() == {"networks"}


def test_a_tick_survives_kill_minus_nine(learner_home: Path) -> None:
    code = "store.tick('data', done=True); print('ticked', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    process = python(code)
    said, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert said == "ticked\n"
    with Progress.open() as progress:
        assert progress.ticked() == {"data"}


@pytest.mark.parametrize("seed", range(3))
def test_every_tick_that_was_reported_survives_a_kill_at_any_moment(seed: int) -> None:
    code = "for n in range(10**6):\n    store.tick(str(n), done=True)\n    print(n, flush=True)"
    process = python(code)
    assert process.stdout is not None
    wanted = random.Random(seed).randrange(1, 60)
    said = [process.stdout.readline() for _ in range(wanted)]
    process.kill()  # in the midst of what it does then
    said += process.stdout.readlines()
    process.wait()
    reported = {line.strip() for line in said if line.endswith("\n")}
    with Progress.open() as progress:
        assert len(reported) >= wanted
        assert reported <= progress.ticked()
        progress.tick("after", done=True)
        assert "after" in progress.ticked()
    with closing(sqlite3.connect(progress.path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_added_cells_are_kept_in_their_places(progress: Progress) -> None:
    late = progress.add_scratch("autograd/scalar", 1.5, "late")
    early = progress.add_scratch("autograd/scalar", 0.5, "early")
    progress.add_scratch("autograd/vector", 0.5, "elsewhere")
    progress.edit_scratch(late, "later")
    with Progress.open() as again:
        assert again.scratch("autograd/scalar") == [(early, 0.5, "early"), (late, 1.5, "later")]
    progress.forget_scratch(early)
    assert [cell.source for cell in progress.scratch("autograd/scalar")] == ["later"]


def test_two_processes_that_tick_at_once_lose_nothing() -> None:
    code = (
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for n in range(40): store.tick(f'{sys.argv[1]}-{n}', done=True)\n"
    )
    both = [python(code, name) for name in ("one", "other")]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate() and process.returncode for process in both] == [0, 0]
    with Progress.open() as progress:
        assert progress.ticked() == {f"{name}-{n}" for name in ("one", "other") for n in range(40)}


def test_the_file_is_in_rollback_journal_mode(progress: Progress) -> None:
    """WAL wants memory that machines share: a home on NFS has none."""
    progress.tick("data", done=True)
    with closing(sqlite3.connect(progress.path)) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert progress.path.read_bytes()[18:20] == b"\1\1", "read and write version in the header: 2 is WAL"


@pytest.mark.parametrize("damage", ["words", "a folder", "cut short", "one bad page"])
def test_a_store_that_cannot_be_read_is_one_clear_line(learner_home: Path, damage: str) -> None:
    path = learner_home / FILE
    learner_home.mkdir()
    match damage:
        case "words":
            path.write_text("not a database at all, only some words\n" * 50)
        case "a folder":
            path.mkdir()
        case "cut short":
            Progress(path).close()
            path.write_bytes(path.read_bytes()[:1000])
        case _:
            with Progress(path) as progress:
                progress.tick("data", done=True)
            whole = path.read_bytes()
            path.write_bytes(whole[:4096] + b"?" * 4096 + whole[8192:])
    with pytest.raises(RequestError) as caught:
        Progress.open()
    assert str(path) in str(caught.value)
    assert "--home" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_asking_for_the_language_makes_no_store(learner_home: Path) -> None:
    assert chosen_language() is None
    assert not (learner_home / FILE).exists()
    with Progress.open() as progress:
        progress.remember("language", "zh")
    assert chosen_language() == "zh"
    (learner_home / FILE).write_text("not a database at all, only some words\n" * 50)
    assert chosen_language() is None


# ---- remarks, outputs, and what is taken back --------------------------------------------------------------------


def test_a_remark_is_kept_until_it_is_taken_back(progress: Progress) -> None:
    assert (progress.remark("autograd/scalar"), progress.remarks()) == ("", {})
    progress.keep_remark("autograd/scalar", "x is **not** a leaf")
    progress.keep_remark("tensors/view", "# Strides\n")
    progress.keep_remark("autograd/scalar", "x is **not** a leaf, 我想")
    with Progress.open() as again:
        assert again.remark("autograd/scalar") == "x is **not** a leaf, 我想"
        assert again.remarks() == {"autograd/scalar": "x is **not** a leaf, 我想", "tensors/view": "# Strides\n"}
    progress.keep_remark("tensors/view", " \n")
    assert progress.remark("tensors/view") == ""
    assert progress.remarks().keys() == {"autograd/scalar"}


def test_what_a_cell_printed_last_is_kept_with_the_source_that_ran(learner_home: Path) -> None:
    learner_home.mkdir()
    moments = iter([1.5, 2.5, 3.5])
    with Progress(learner_home / FILE, clock=lambda: next(moments)) as progress:
        progress.keep_output("autograd/scalar", 1, "print(1)", "1\n")
        progress.keep_output("autograd/scalar", 0, "print(0)", "0\n")
        progress.keep_output("autograd/scalar", 1, "print(2)", "2\n")
    with Progress.open() as again:
        assert again.outputs("autograd/scalar") == {0: ("print(0)", "0\n", 2.5), 1: ("print(2)", "2\n", 3.5)}
        assert again.outputs("autograd/scalar")[1].source == "print(2)"
        assert again.outputs("autograd/vector") == {}


def test_an_edit_that_is_taken_back_is_no_edit(progress: Progress) -> None:
    progress.edit("autograd/scalar", 0, "mine")
    progress.edit("autograd/scalar", 1, "")
    progress.forget_edit("autograd/scalar", 0)
    assert progress.edits("autograd/scalar") == {1: ""}
    progress.edit("autograd/scalar", 0, "mine again")
    assert progress.edits("autograd/scalar") == {0: "mine again", 1: ""}


def test_the_id_of_a_removed_cell_never_comes_again(progress: Progress) -> None:
    """A page that is open in another terminal may still write under it."""
    gone = progress.add_scratch("autograd/scalar", 0.5, "gone")
    progress.forget_scratch(gone)
    assert progress.scratch("autograd/scalar") == []
    other = progress.add_scratch("autograd/scalar", 1.5, "other")
    assert other != gone
    progress.edit_scratch(gone, "written on")
    assert progress.scratch("autograd/scalar") == [(gone, 0.5, "written on"), (other, 1.5, "other")]


# ---- stores of other versions ------------------------------------------------------------------------------------

OLD = """
CREATE TABLE ticks (item TEXT PRIMARY KEY, done INTEGER NOT NULL, changed REAL NOT NULL);
CREATE TABLE pages (page TEXT PRIMARY KEY, read REAL NOT NULL);
CREATE TABLE edits (page TEXT, cell INTEGER, source TEXT NOT NULL, changed REAL NOT NULL, PRIMARY KEY (page, cell));
CREATE TABLE scratch (
    id INTEGER PRIMARY KEY, page TEXT NOT NULL, place REAL NOT NULL, source TEXT NOT NULL, changed REAL NOT NULL
);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
OLD_WRITES = """
REPLACE INTO ticks VALUES ('data', 1, 1.5);
INSERT OR IGNORE INTO pages VALUES ('data/first', 1.5);
REPLACE INTO edits VALUES ('data/first', 0, 'mine', 1.5);
INSERT INTO scratch (page, place, source, changed) VALUES ('data/first', 0.5, 'one', 1.5);
INSERT INTO scratch (page, place, source, changed) VALUES ('data/first', 1.5, 'two', 1.5);
UPDATE scratch SET source = 'one more', changed = 2.5 WHERE id = 1;
REPLACE INTO settings VALUES ('language', 'zh');
"""


@pytest.fixture
def old_store(learner_home: Path) -> Path:
    """What the first version left behind."""
    learner_home.mkdir()
    with closing(sqlite3.connect(learner_home / FILE)) as plain:
        plain.executescript(OLD + OLD_WRITES)
    return learner_home / FILE


def holds_what_the_old_program_wrote(progress: Progress) -> None:
    assert progress.ticked() == {"data"}
    assert progress.pages_read() == {"data/first"}
    assert progress.edits("data/first") == {0: "mine"}
    assert progress.scratch("data/first") == [(1, 0.5, "one more"), (2, 1.5, "two")]
    assert progress.setting("language") == "zh"


def uids(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as plain:
        return [uid for (uid,) in plain.execute("SELECT uid FROM scratch")]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as plain:
        return int(plain.execute("PRAGMA user_version").fetchone()[0])


def test_an_old_store_is_brought_up_where_it_is_once(old_store: Path) -> None:
    assert version(old_store) == 0
    with Progress.open() as progress:
        holds_what_the_old_program_wrote(progress)
        progress.keep_remark("data/first", "new")
    assert version(old_store) == schema.VERSION
    named, written = uids(old_store), old_store.read_bytes()
    assert len(set(named)) == 2
    with Progress.open() as progress:
        assert progress.remark("data/first") == "new"
    assert old_store.read_bytes() == written
    assert uids(old_store) == named


def test_an_old_program_works_on_a_store_of_now(learner_home: Path) -> None:
    with Progress.open() as progress:
        progress.edit("data/first", 1, "taken back")
        progress.forget_edit("data/first", 1)
        with closing(sqlite3.connect(progress.path)) as plain:
            plain.executescript(OLD.replace("TABLE", "TABLE IF NOT EXISTS") + OLD_WRITES)
            assert plain.execute("SELECT cell, source FROM edits").fetchall() == [(0, "mine")]
        holds_what_the_old_program_wrote(progress)
        assert len({*uids(progress.path)} - {None}) == 2


def test_two_programs_that_open_an_old_store_at_once_both_can(old_store: Path) -> None:
    code = "print('open', flush=True); store.edit('data/first', 7 + int(sys.argv[1]), 'new')"
    both = [python(code, name) for name in ("0", "1")]
    assert [process.communicate()[0] for process in both] == ["open\n", "open\n"]
    with Progress.open() as progress:
        assert progress.edits("data/first") == {0: "mine", 7: "new", 8: "new"}
        progress.forget_edit("data/first", 7)
        progress.forget_edit("data/first", 8)
        holds_what_the_old_program_wrote(progress)


@pytest.mark.parametrize("statement", ["CREATE TABLE IF NOT", "UPDATE scratch", "PRAGMA user_version = ", "COMMIT"])
def test_a_kill_while_an_old_store_is_brought_up_leaves_the_old_one(old_store: Path, statement: str) -> None:
    assert kill_at(statement, "plan") == -signal.SIGKILL
    assert version(old_store) == 0
    with Progress.open() as progress:
        holds_what_the_old_program_wrote(progress)
    assert version(old_store) == schema.VERSION


def test_a_store_of_a_newer_program_is_left_alone(learner_home: Path) -> None:
    Progress.open().close()
    path = learner_home / FILE
    with closing(sqlite3.connect(path)) as plain:
        plain.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(RequestError) as caught:
        Progress.open()
    assert str(path) in str(caught.value)
    assert "newer" in str(caught.value)
    assert path.read_bytes() == before
    assert chosen_language() is None
