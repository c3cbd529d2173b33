"""A folder that a set is put together in, beside where it goes, and the way from there into place.

A set is there whole or not at all. What a process leaves behind that could not clean up (kill -9, a power cut) is
removed by the next one: a scratch folder has a lock that its owner holds while it lives. Needs no torch.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

PREFIX = ".download-"
LOCK = "lock"


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """A new folder in `target`, which is made if need be; it is gone afterwards, however the block ends.

    SIGTERM and SIGHUP end the block too, as `SystemExit`. Raises `OSError`.
    """
    target.mkdir(parents=True, exist_ok=True)
    clear(target)
    with _ended_by_signals():
        folder, lock = _made(target)
        try:
            with lock:
                yield folder
        finally:
            with undisturbed():
                shutil.rmtree(folder, ignore_errors=True)


def clear(target: Path) -> None:
    """Remove scratch folders whose process is dead. What can't be judged or removed stays."""
    for folder in target.glob(f"{PREFIX}*"):
        if folder.is_symlink():
            continue
        with suppress(OSError), (folder / LOCK).open("a") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # whoever holds it lives
            shutil.rmtree(folder, ignore_errors=True)


def install(made: Path, place: Path) -> None:
    """Move the folder `made` to `place`: at once where nothing is there, else file by file over those that are.

    Other files in `place` stay. Raises `OSError`.
    """
    for path in (*made.iterdir(), made):
        _flush(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    with undisturbed():
        try:
            made.rename(place)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR) or not place.is_dir():
                raise
            for path in sorted(made.iterdir()):
                path.replace(place / path.name)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Signals that ask this process to end wait until the block is done: it takes milliseconds."""
    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, asked)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A wish to end (`kill`, a dropped line) cleans up as ctrl+c does."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not where nohup has it ignored
            with suppress(ValueError):  # only the main thread may
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _made(target: Path) -> tuple[Path, IO[str]]:
    """A new folder and its lock, held; anew where another process took it for a dead one's before it was locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target))
        try:
            lock = (folder / LOCK).open("w")
        except FileNotFoundError:
            continue
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                lock.close()
                continue
            return folder, lock  # a disk without locks: nobody can judge, so nobody removes
        if os.fstat(lock.fileno()).st_nlink:
            return folder, lock
        lock.close()


def _flush(path: Path) -> None:
    """Have it on the disk: some find out only then that there is no room."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # folders can't be flushed everywhere
            raise
    finally:
        os.close(descriptor)
