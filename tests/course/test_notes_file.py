"""A file -> its text: people's encodings are read, and what is no text is refused in one line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptlearn_tui.course.notes.file import MOST, MOST_RUN, contents, decode, read
from ptlearn_tui.course.notes.load import load
from ptlearn_tui.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = "# 学习笔记\n\n张量（Tensor）是多维数组，反向传播从标量开始。\n\n- [ ] 安装与环境配置\n"


def made(folder: Path, data: bytes, name: str = "notes.md") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def refused(path: Path) -> str:
    """The line that says why, the same for the text and for the notes."""
    with pytest.raises(RequestError) as caught:
        read(path)
    with pytest.raises(RequestError):
        load(path)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        ("utf-8", WORDS.encode(), WORDS),
        ("utf-8", WORDS.encode("utf-8-sig"), WORDS),
        ("utf-16-le", WORDS.encode("utf-16"), WORDS),
        ("utf-16-be", b"\xfe\xff" + WORDS.encode("utf-16-be"), WORDS),
        ("utf-32-le", WORDS.encode("utf-32"), WORDS),
        ("utf-32-be", b"\0\0\xfe\xff" + WORDS.encode("utf-32-be"), WORDS),
        ("gb18030", WORDS.encode("gb18030"), WORDS),
        ("gb18030", WORDS.encode("gb2312"), WORDS),
        ("utf-8", b"# plain\r\nwords\r", "# plain\r\nwords\r"),
        ("utf-8", b"", ""),
        ("utf-8", "🎉 é\u202e".encode(), "🎉 é\u202e"),
    ],
)
def test_every_encoding_that_notes_come_in_is_read(tmp_path: Path, encoding: str, data: bytes, text: str) -> None:
    found = read(made(tmp_path, data))
    assert (found.encoding, found.shown, found.broken) == (encoding, text, 0)


def test_bytes_that_are_of_no_character_are_counted_and_shown_as_such(tmp_path: Path) -> None:
    found = read(made(tmp_path, b"words and words \xff\xfe and more \xc3 words, caf\xe9"))
    assert (found.broken, found.shown.count("\N{REPLACEMENT CHARACTER}")) == (4, 4)
    assert len(found.text) == 41


@settings(deadline=None, max_examples=500, derandomize=True)
@given(st.binary(max_size=60))
def test_what_is_read_can_be_written_back_byte_for_byte(data: bytes) -> None:
    try:
        text, encoding = decode(data, "notes.md")
    except RequestError as error:
        assert len(str(error).splitlines()) == 1
        return
    assert text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "strict") == data


@settings(deadline=None, max_examples=500, derandomize=True)
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), min_size=1, max_size=60),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_any_text_is_read_as_it_was_written(text: str, encoding: str) -> None:
    found, _ = decode(text.encode(encoding), "notes.md")
    assert found.removeprefix("\ufeff") == text


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))
LATIN = "déjà là-bas, très près de l'été où cela a été créé à côté".encode("latin-1")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (PNG, "null bytes"),
        (WORDS.encode("utf-16-le"), "UTF-16 needs its mark"),
        (WORDS.encode("utf-16-be"), "UTF-16 needs its mark"),
        (WORDS.encode("utf-16")[:-1], "utf-16"),
        (b"\xff\xfe\x00\xd8a\0", "utf-16-le text (byte 2)"),
        (WORDS.encode("utf-32")[:-2], "utf-32"),
        (bytes(range(128, 256)) * 9, "is not text"),
        (b"a\n" * MOST_RUN, f"{MOST_RUN} lines without a blank one"),
        (b"a\r" * MOST_RUN, f"{MOST_RUN} lines without a blank one"),
        (b"words\n\n" + b" a\r\n" * MOST_RUN + b"\nwords", f"{MOST_RUN} lines without a blank one"),
        (b"\n" * (MOST + 1), "larger than 16 MB"),
        (b"\0", "null bytes"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_text_is_refused_in_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    assert says in refused(made(tmp_path, data))


def test_a_program_is_refused(tmp_path: Path) -> None:
    assert "null bytes" in refused(made(tmp_path, Path(sys.executable).read_bytes()[:100_000]))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_runs_that_are_bearable_are_read(tmp_path: Path, end: str) -> None:
    run = f"some words{end}" * (MOST_RUN // 20)
    assert read(made(tmp_path, f"{run} \t{end}{run}{end}{' ' * 300_000}{end}{run}".encode())).broken == 0


def test_latin_is_read_but_for_its_accents(tmp_path: Path) -> None:
    found = read(made(tmp_path, b"# Notes\n\n" + b"words without any of them. " * 10 + LATIN))
    assert (found.encoding, found.shown[:7]) == ("utf-8", "# Notes")
    assert found.broken


# ---- what is no file ---------------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def loop_of_two(path: Path) -> None:
    path.symlink_to("other")
    path.with_name("other").symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def null(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (fifo, "is not a file"),
        (unix_socket, "is not a file"),
        (zero, "is not a file"),
        (null, "is not a file"),
        (loop, "back to itself"),
        (loop_of_two, "back to itself"),
        (dangling, "No such file"),
    ],
)
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "notes.md")
    assert says in refused(tmp_path / "notes.md")


@pytest.mark.parametrize("name", ["a\0b.md", "x" * 253 + ".md", "x" * 5000, "no/such/place.md", "notes.md/below.md"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    made(tmp_path, b"words")
    with pytest.raises(RequestError) as caught:
        load(tmp_path / name)
    assert len(str(caught.value).splitlines()) == 1
    assert "\0" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["x" * 252 + ".md", "[bold]%s[red] $a.md", "a\nb\x1b[2J.md", " .md", "~.md", "-h.md", "笔记 👩‍💻.MD", "notes"],
)
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    notes = load(made(tmp_path, WORDS.encode(), name))
    assert notes.title == name
    assert [page.title for page in notes.pages] == ["学习笔记"]


def test_a_name_of_bytes_that_are_of_no_character_can_be_remembered(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.md"
    Path(os.fsdecode(path)).write_bytes(WORDS.encode())
    notes = load(os.fsdecode(path))
    assert notes.key.encode("utf-8").endswith(rb"\udcff\udcfe.md")
    assert notes.file(notes.files[0].key) is notes.files[0]


AS_NOBODY = """
import os, sys
from ptlearn_tui.course.notes.load import load
from ptlearn_tui.errors import RequestError
load(sys.argv[1])  # imports what it needs, which may be closed to others
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for path in sys.argv[1:]:
    try:
        print(len(load(path).files))
    except RequestError as error:
        print(error)
"""


def test_what_may_not_be_read_is_refused() -> None:
    """As another user where we are root, to whom nothing is forbidden."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        paths = [folder / "open.md", folder / "closed.md", folder / "shut" / "notes.md"]
        paths[2].parent.mkdir()
        for path in paths:
            path.write_text("words")
        paths[1].chmod(0)
        paths[2].parent.chmod(0)
        try:
            command = [sys.executable, "-c", AS_NOBODY, *paths, paths[2].parent]
            done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
        finally:
            paths[2].parent.chmod(0o755)
    assert done.stdout.splitlines() == ["1", *(f"{path}: Permission denied" for path in [*paths[1:], paths[2].parent])]


def test_a_pipe_that_takes_the_files_place_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, b"words")
    was = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(Path, "stat", lambda self, **options: was)
    data, _ = contents(path)
    assert data == b""


@pytest.mark.parametrize(
    "text",
    [
        "word *it* and `code` here. " * 20 + "\n\n",
        "# h\n\ntext\n\n",
        "- [ ] one thing\n\nwords\n\n",
        "| first | second |\n|---|---|\n" + "| a number, 1 | another one, 2 |\n" * 50 + "\n",
        (Path(__file__).parent / "notes" / "pytorch-notes.md").read_text("utf-8"),
    ],
    ids=["paragraphs", "headings", "tasks", "tables", "notes"],
)
def test_large_files_are_read(text: str, tmp_path: Path) -> None:
    size = 5_000_000 if len(text) > 100 else 600_000  # of very short lines, as many as are read
    data = text.encode()
    (file,) = load(made(tmp_path, data * (size // len(data)))).files
    assert len(file.pages) > 1
    for page in file.pages[:3]:
        assert file.read(page.id).blocks


def test_more_lines_than_anybody_reads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="lines: no notes"):
        load(made(tmp_path, b"a\n\n" * 130_000))
    with pytest.raises(RequestError, match="without a blank one"):
        load(made(tmp_path, b"a\n" * 60_000))
