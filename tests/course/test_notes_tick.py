"""A tick in the file itself: one byte changes, of the right item, whoever else is at work on the file."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents import TASKS, documents
from ptlearn_tui.course.notes.file import decode, read
from ptlearn_tui.course.notes.load import load
from ptlearn_tui.course.notes.outline import Task, outline
from ptlearn_tui.course.notes.plan import entries
from ptlearn_tui.course.notes.tick import tick, writable
from ptlearn_tui.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTES = Path(__file__).with_name("notes") / "pytorch-notes.md"


def tasks(path: Path) -> tuple[Task, ...]:
    return outline(read(path).shown, "").tasks


def written(path: Path, text: str) -> Task:
    """The file, and the first of its boxes."""
    path.write_text(text, encoding="utf-8")
    return tasks(path)[0]


def differing(before: bytes, after: bytes) -> list[int]:
    assert len(before) == len(after)
    return [at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]


def test_a_tick_changes_one_byte_of_the_notes_and_the_next_takes_it_back(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    original = NOTES.read_bytes()
    path.write_bytes(original)
    for number, task in enumerate(tasks(path)):
        tick(path, task, done=True)
        after = path.read_bytes()
        (at,) = differing(original, after)
        assert (original[at - 1 : at + 2], after[at - 1 : at + 2]) == (b"[ ]", b"[x]")
        assert [each.done for each in tasks(path)] == [n == number for n in range(7)]
        tick(path, task, done=False)
        assert path.read_bytes() == original


ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
    "gb18030": b"",
    "broken": b"",
}


@settings(deadline=None, max_examples=400, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.tuples(documents(max_size=4), TASKS, documents(max_size=3)), st.sampled_from([*ENCODINGS]), st.data())
def test_a_tick_is_byte_exact(texts: tuple[str, str, str], encoding: str, data: st.DataObject) -> None:
    text = "\n\n".join(texts).replace("\0", "")
    raw = text.encode("utf-8" if encoding == "broken" else encoding)
    if encoding == "broken":
        raw = raw.replace(b"a", b"\xff").replace(b"o", "é".encode()[:1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "notes.md")
        path.write_bytes(ENCODINGS[encoding] + raw)
        original = path.read_bytes()
        try:
            before = tasks(path)
        except RequestError:
            return
        if not before:
            return
        number = data.draw(st.integers(0, len(before) - 1))
        task = before[number]
        tick(path, task, done=not task.done)
        after = path.read_bytes()
        assert len(differing(original, after)) == 1
        assert [each.title for each in tasks(path)] == [each.title for each in before]
        assert [each.done for each in tasks(path)] == [each.done != (n == number) for n, each in enumerate(before)]
        tick(path, task, done=not task.done)  # there already
        assert path.read_bytes() == after
        tick(path, task, done=task.done)
        was, _ = decode(original, "")
        if was.removeprefix("\ufeff")[task.mark] != "X":  # a capital one is not remembered
            assert path.read_bytes() == original


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o666])
def test_what_a_file_is_stays(tmp_path: Path, mode: int) -> None:
    path, other, link = tmp_path / "notes.md", tmp_path / "other", tmp_path / "link.md"
    task = written(path, "- [ ] a\n")
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    os.link(path, other)
    link.symlink_to(path.name)
    before = path.stat()
    tick(link, task, done=True)
    after = path.stat()
    for field in ("st_mode", "st_uid", "st_gid", "st_ino", "st_nlink", "st_size"):
        assert getattr(after, field) == getattr(before, field)
    assert other.read_text() == path.read_text() == "- [x] a\n"
    assert link.readlink() == Path(path.name)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.md", "notes.md", "other"]


def test_a_tick_that_is_there_already_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    task = written(path, "- [X] a\n")
    before = path.stat().st_mtime_ns
    tick(path, task, done=True)
    assert (path.read_text(), path.stat().st_mtime_ns) == ("- [X] a\n", before)


# ---- what others have written meanwhile --------------------------------------------------------------------------

BEGIN = "# Plan\n\n- [ ] a\n- [ ] b\n- [x] c\n"


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("words\n\nwords\n\n" + BEGIN, "words\n\nwords\n\n" + BEGIN.replace("[ ] b", "[x] b")),
        ("# Plan\n\n- [x] c\n\n## B\n\n> 1. [ ] b\n", "# Plan\n\n- [x] c\n\n## B\n\n> 1. [x] b\n"),
        ("- [ ] b\r\n- [ ] bb\r\n", "- [x] b\r\n- [ ] bb\r\n"),
        ("- [ ] **b**\n- [ ] a\n", "- [x] **b**\n- [ ] a\n"),
        ("---\ntitle: x\n---\n张量\n- [ ] b", "---\ntitle: x\n---\n张量\n- [x] b"),
        ("- [x] b\n", "- [x] b\n"),
        ("```\n- [ ] b\n```\n\n- [ ] b\n", "```\n- [ ] b\n```\n\n- [x] b\n"),
    ],
)
@pytest.mark.parametrize("renamed", [False, True], ids=["in place", "by renaming"])
def test_a_file_that_has_changed_is_read_again(tmp_path: Path, now: str, then: str, renamed: bool) -> None:
    path = tmp_path / "notes.md"
    written(path, BEGIN)
    task = tasks(path)[1]
    other = tmp_path / "new"
    (other if renamed else path).write_bytes(now.encode())
    if renamed:
        other.rename(path)
    tick(path, task, done=True)
    assert path.read_bytes().decode() == then


@pytest.mark.parametrize("now", ["", "# Plan\n\n- [ ] a\n- [x] c\n", "- b\n", "```\n- [ ] b\n```\n", "- [ ] B\n", "\0"])
def test_an_item_that_is_gone_is_refused_and_nothing_is_written(tmp_path: Path, now: str) -> None:
    path = tmp_path / "notes.md"
    written(path, BEGIN)
    task = tasks(path)[1]
    path.write_text(now)
    with pytest.raises(RequestError) as caught:
        tick(path, task, done=True)
    assert len(str(caught.value).splitlines()) == 1
    assert path.read_text() == now


def test_of_items_with_the_same_title_the_right_one_is_ticked(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    written(path, "- [ ] a\n- [ ] a\n- [ ] a\n- [ ]  \n- [ ] `a`\n")
    second = tasks(path)[1]
    path.write_text("words\n\n" + path.read_text())
    tick(path, second, done=True)
    assert [each.done for each in tasks(path)] == [False, True, False, False]


def test_a_file_that_is_replaced_in_the_midst_is_ticked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "notes.md", tmp_path / "new"
    written(path, BEGIN)
    task = tasks(path)[1]
    fsync = os.fsync

    def replaced(file: int) -> None:
        fsync(file)
        monkeypatch.setattr(os, "fsync", fsync)
        other.write_text("more\n\n" + BEGIN)
        other.rename(path)

    monkeypatch.setattr(os, "fsync", replaced)
    tick(path, task, done=True)
    assert path.read_text() == "more\n\n" + BEGIN.replace("[ ] b", "[x] b")


def test_a_file_that_is_replaced_again_and_again_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "notes.md", tmp_path / "new"
    task = written(path, BEGIN)

    def replaced(file: int) -> None:
        other.write_text(BEGIN)
        other.rename(path)

    monkeypatch.setattr(os, "fsync", replaced)
    with pytest.raises(RequestError, match="another program"):
        tick(path, task, done=True)
    assert path.read_text() == BEGIN


# ---- several at once, and the worst ------------------------------------------------------------------------------

ROUNDS = 40
TICKER = """
import sys
from pathlib import Path
from ptlearn_tui.course.notes.file import read
from ptlearn_tui.course.notes.outline import outline
from ptlearn_tui.course.notes.tick import tick
path, own = Path(sys.argv[1]), sys.argv[2]
tasks = [task for task in outline(read(path).shown, "").tasks if task.title.startswith(own)]
for line in sys.stdin:  # the barrier: both are told at once
    for task in tasks:
        tick(path, task, done=line == "1\\n")
    print("done", flush=True)
"""


def test_two_programs_that_tick_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("".join(f"- [ ] one {n}\n- [ ] two {n}\n" for n in range(5)))
    original = path.read_text()
    with contextlib.ExitStack() as stack:
        programs = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", TICKER, path, own],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    encoding="utf-8",
                )
            )
            for own in ("one", "two")
        ]
        for number in range(ROUNDS):
            for one in programs:
                assert one.stdin
                one.stdin.write(f"{(number + 1) % 2}\n")
                one.stdin.flush()
            for one in programs:
                assert one.stdout
                assert one.stdout.readline() == "done\n"
            assert path.read_text() == (original if number % 2 else original.replace("[ ]", "[x]"))
        for one in programs:
            assert one.stdin
            one.stdin.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from ptlearn_tui.course.notes.file import read
from ptlearn_tui.course.notes.outline import outline
from ptlearn_tui.course.notes.tick import tick
path, left = Path(sys.argv[1]), int(sys.argv[2])
task = outline(read(path).shown, "").tasks[1]

def counted(frame, event, of):  # every call of the system and of Python alike, before and after
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(counted)
tick(path, task, done=True)
sys.setprofile(None)
print(left)
"""


def test_kill_minus_nine_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    new = BEGIN.replace("[ ] b", "[x] b")

    def run(left: int) -> subprocess.CompletedProcess[str]:
        path.write_text(BEGIN)
        command = [sys.executable, "-c", KILLED, path, str(left)]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)

    most = 1_000_000
    steps = most - int(run(most).stdout)
    seen = []
    points = {*range(1, steps, steps // 6), *range(steps - 24, steps, 3)}  # the end is where it is written
    for left in sorted(points):
        assert run(left).returncode == -signal.SIGKILL
        seen.append(path.read_text())
        assert seen[-1] in (BEGIN, new)
        assert [each.name for each in tmp_path.iterdir()] == ["notes.md"]
    assert {*seen} == {BEGIN, new}
    assert seen == sorted(seen)  # once written, it stays


# ---- where nothing can be written --------------------------------------------------------------------------------


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    """A file that not even root can write."""
    path = tmp_path / "notes.md"
    path.write_text(BEGIN)
    if os.geteuid():
        path.chmod(stat.S_IRUSR)
        yield path
        return
    if subprocess.run(["chattr", "+i", path], capture_output=True, check=False).returncode == 0:
        yield path
        subprocess.run(["chattr", "-i", path], check=True)
        return
    os.seteuid(65534)  # the file system knows no such mark: as another user, whose descriptor of the folder it is
    yield path
    os.seteuid(0)


def test_a_file_that_can_not_be_written_is_told(unwritable: Path) -> None:
    task = outline(BEGIN, "").tasks[1]
    assert writable(unwritable)
    with pytest.raises(OSError, match=r".") as caught:
        tick(unwritable, task, done=True)
    assert not isinstance(caught.value, RequestError)


@pytest.mark.parametrize("what", ["folder", "gone"])
def test_what_has_taken_the_files_place_is_not_written(tmp_path: Path, what: str) -> None:
    path = tmp_path / "notes.md"
    task = written(path, BEGIN)
    path.unlink()
    if what == "folder":
        path.mkdir()
    with pytest.raises(OSError, match=r"directory"):
        tick(path, task, done=True)
    assert "irectory" in (writable(path) or "")


@pytest.mark.parametrize("what", ["fifo", "zero"])
def test_a_pipe_or_a_device_in_its_place_is_refused_at_once(tmp_path: Path, what: str) -> None:
    path = tmp_path / "notes.md"
    task = written(path, BEGIN)
    path.unlink()
    if what == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises((OSError, RequestError)):
        tick(path, task, done=True)


def test_a_file_that_can_be_written_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text(BEGIN)
    assert writable(path) is None
    assert len(entries(load(path))) == 3
