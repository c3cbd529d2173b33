"""A tick in the file itself: one character of it, written where it stands.

A single byte is overwritten in place. The disk has the old one or the new one, whatever is killed when; the file's
mode, owner, links and line ends stay; and two programs that tick different items at once touch different bytes. What
somebody else has written meanwhile is read first: the item is looked for in the file as it is now.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

from ptlearn_tui.course.notes.file import LONE, decode, why
from ptlearn_tui.course.notes.outline import outline
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ptlearn_tui.course.notes.outline import Task

TRIES = 5  # an editor that saves by renaming takes the file's place now and then, not five times in a row


def tick(path: Path, task: Task, *, done: bool) -> None:
    """Write the tick; on disk when this returns. One that is there already is left as it is.

    Raises `OSError` where the file can't be written, `RequestError` where the item is in it no more.
    """
    for _ in range(TRIES):
        with _locked(path) as file:
            written = _tick(path, file, task, done)
            os.fsync(file)
            if os.path.samestat(os.fstat(file), path.stat()) and os.pread(file, 1, written[0]) == written[1]:
                return
    raise RequestError(t("{path} is being written by another program", path=path))


def _tick(path: Path, file: int, task: Task, done: bool) -> tuple[int, bytes]:
    """Where the byte stands, and what it is now."""
    data = _all(file)
    text, encoding = decode(data, str(path))
    begin = len(text) - len(text.removeprefix("\ufeff"))
    now = _find(outline(text[begin:].translate(LONE), "").tasks, task)
    if now is None:
        raise RequestError(t("“{title}” is no longer in {path}", title=task.title, path=path))
    mark = begin + now.mark
    # Two bytes in UTF-16, four in UTF-32; all but one of them are zero, before and after.
    before, after = (_bytes(text[mark], encoding), _bytes("x" if done else " ", encoding))
    at = len(_bytes(text[:mark], encoding)) + next(i for i, byte in enumerate(before) if byte)
    byte = bytes([next(byte for byte in after if byte)])
    if now.done != done:
        os.pwrite(file, byte, at)
    else:
        byte = data[at : at + 1]
    return at, byte


def _bytes(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")


def _find(tasks: tuple[Task, ...], task: Task) -> Task | None:
    """The item of that title; of several, the one with the same number."""
    return next((each for each in tasks if (each.title, each.nth) == (task.title, task.nth)), None)


def _all(file: int) -> bytes:
    pieces = []
    at = 0
    while piece := os.pread(file, 1 << 20, at):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file, open for reading and writing; other programs of ours wait."""
    import fcntl

    file = os.open(path, os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise RequestError(t("{path} is not a file", path=path))
        with contextlib.suppress(OSError):  # some shares know no locks: a byte is written at once all the same
            fcntl.lockf(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def writable(path: Path) -> str | None:
    """Why a tick can't be written there, or None. Asked, not tried: who watches it would see a write."""
    try:
        if path.is_dir():
            return os.strerror(errno.EISDIR)
        if os.access(path, os.W_OK):
            return None
        read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    except OSError as error:
        return why(error)
    return os.strerror(errno.EROFS if read_only else errno.EACCES)
