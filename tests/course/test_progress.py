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
