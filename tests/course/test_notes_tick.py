"""A tick is one character of the file, whatever else is in it, and whoever else writes it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptlearn_tui.course.notes.file import read
from ptlearn_tui.course.notes.outline import Task, outline
from ptlearn_tui.course.notes.tick import tick, writable
from ptlearn_tui.errors import RequestError

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030")

LINES = st.sampled_from(
    [
        *("- [ ] one", "- [x] two", "* [X] 三项", "1. [ ] four", "  - [ ] nested", "> - [ ] quoted", "- [ ] one"),
        *(
            "- plain",
            "[ ] no list",
            "- [y] no box",
            "# 标题",
            "text [ ] in it",
            "```",
            "- [ ]",
            "",
            "",
            "    code",
            "| a |",
        ),
        *("- [ ] `[x]` **bold** [link](x)", "-   [ ]   far", "- - [ ] twice", "$$", "中文，标点。"),
    ]
)


def tasks(path: Path) -> tuple[Task, ...]:
    return outline(read(path).shown, "x").tasks


@settings(max_examples=400, deadline=None)
@given(
    lines=st.lists(LINES, min_size=1, max_size=20),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(ENCODINGS),
    broken=st.booleans(),
    data=st.data(),
)
def test_all_other_bytes_stay(
    lines: list[str],
    end: str,
    encoding: str,
    broken: bool,
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.getbasetemp() / "ticked.md"
    before = (end.join(lines) + end).encode(encoding)
    if broken and encoding == "utf-8":
        before = b"a bad byte \xff" + end.encode() * 2 + before
    path.write_bytes(before)
    every = tasks(path)
    if not every:
        return
    wanted = data.draw(st.sampled_from(every))
    tick(path, wanted, done=not wanted.done)
    after = path.read_bytes()
    assert len(after) == len(before)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    states = {(task.title, task.nth): task.done for task in tasks(path)}
    assert states == {(task.title, task.nth): task.done != (task == wanted) for task in every}
    tick(path, wanted, done=wanted.done)
    assert path.read_bytes() == before.replace(b"[X]", b"[x]") or path.read_bytes() == before or wanted.done


def test_mode_owner_and_links_stay(tmp_path: Path) -> None:
    path, hard, soft = tmp_path / "a.md", tmp_path / "hard.md", tmp_path / "soft.md"
    path.write_text("- [ ] one\n", "utf-8")
    path.chmod(0o640)
    hard.hardlink_to(path)
    soft.symlink_to(path)
    before = path.stat()
    tick(soft, tasks(soft)[0], done=True)
    after = path.stat()
    assert (after.st_ino, after.st_uid, after.st_nlink) == (before.st_ino, before.st_uid, 2)
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert hard.read_text("utf-8") == "- [x] one\n"
    assert soft.is_symlink()


def test_the_file_is_read_again_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("- [ ] one\n- [ ] two\n", "utf-8")
    one, two = tasks(path)
    path.write_text("new words, 很多\n\n- [ ] zero\n- [ ] two\n- [ ] one\n", "utf-8")
    tick(path, one, done=True)
    tick(path, two, done=True)
    assert path.read_text("utf-8") == "new words, 很多\n\n- [ ] zero\n- [x] two\n- [x] one\n"
    path.write_text("- [ ] zero\n", "utf-8")
    with pytest.raises(RequestError, match="no longer"):
        tick(path, one, done=True)
    assert path.read_text("utf-8") == "- [ ] zero\n"


def test_a_tick_that_is_there_already_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("- [X] one\n", "utf-8")
    tick(path, tasks(path)[0], done=True)
    assert path.read_text("utf-8") == "- [X] one\n"


TICKER = """
import sys
from pathlib import Path
from ptlearn_tui.course.notes.file import read
from ptlearn_tui.course.notes.outline import outline
from ptlearn_tui.course.notes.tick import tick
path, mine = Path(sys.argv[1]), int(sys.argv[2])
every = outline(read(path).shown, "x").tasks
print("ready", flush=True)
sys.stdin.readline()
for task in every[mine::2]:
    tick(path, task, done=True)
"""


def test_two_programs_that_tick_at_once_lose_none(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("".join(f"- [ ] item {number}\n" for number in range(60)), "utf-8")
    command = [sys.executable, "-c", TICKER, str(path)]
    both = [
        subprocess.Popen([*command, str(mine)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for mine in (0, 1)
    ]
    for program in both:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in both:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    for program in both:
        program.communicate()
        assert program.returncode == 0
    assert path.read_text("utf-8") == "".join(f"- [x] item {number}\n" for number in range(60))


KILLED = """
import os, signal, sys
from pathlib import Path
from ptlearn_tui.course.notes import tick as module
from ptlearn_tui.course.notes.file import read
from ptlearn_tui.course.notes.outline import outline
path, wanted, after = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "after"
call = getattr(os, wanted)
def killing(*words):
    if not after:
        os.kill(os.getpid(), signal.SIGKILL)
    call(*words)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module.os, wanted, killing)
module.tick(path, outline(read(path).shown, "x").tasks[0], done=True)
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["pread", "pwrite", "fsync", "close"])
def test_a_kill_in_mid_tick_leaves_the_old_file_or_the_new(call: str, when: str, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# 标题\n\n- [ ] one\n\nwords\n", "utf-8")
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), call, when], check=False)
    assert done.returncode == -signal.SIGKILL
    written = call in ("fsync", "close") or (call == "pwrite" and when == "after")
    assert path.read_bytes() == (before.replace(b"[ ]", b"[x]") if written else before)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.md"]


def test_what_may_not_be_written_is_told_without_a_try(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("- [ ] one\n", "utf-8")
    before = path.stat().st_mtime_ns
    assert writable(path) is None
    assert path.stat().st_mtime_ns == before
    assert writable(tmp_path / "gone.md") == os.strerror(2)
    assert writable(Path("/proc/version")) is not None or os.access("/proc/version", os.W_OK)
