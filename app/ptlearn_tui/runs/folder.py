"""A run's folder: what it was asked to do, what is in it, and whether it is alive.

``runs/<id>/`` holds ``run.json`` (a `Request`, written once), ``events.jsonl`` (append only),
``checkpoints/``, ``log.txt`` (the process's own output), ``control.sock``, and ``lock``, which the living
process holds.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ptlearn_tui import home
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

# struct flock as fcntl(2) has it on this system: type, whence, start, length, pid; macOS orders it otherwise.
_FLOCK = "qqihh" if sys.platform == "darwin" else "hhqqi4x"


class Request(Struct, frozen=True, kw_only=True):
    """What a run is asked to do: all of ``run.json``. `training.catalog.request` makes one.

    `start` fills in the rest.
    """

    recipe: str
    config: dict[str, Any]  # epochs, batch_size, lr, …: `training.options`
    seed: int
    device: str  # as asked for: "auto", "cpu", "cuda", "cuda:1", "mps"
    data: str | None  # a data folder, absolute; "sample" or "synthetic"; None where the recipe makes its own
    threads: int | None = None  # of the CPU, for each process; None: as many as leave a core to the screen
    ranks: int = 1  # processes
    id: str = ""
    started: float = 0.0  # seconds since 1970
    host: str = ""


def events_file(folder: Path) -> Path:
    """The log of events, one JSON object a line."""
    return folder / "events.jsonl"


def log_file(folder: Path) -> Path:
    """What the process printed: warnings, and the traceback of a bug."""
    return folder / "log.txt"


def create(request: Request, now: float | None = None) -> Path:
    """Make the folder of a new run: ``recipe-MMDD``, or with ``-2``, ``-3``, … where that is taken.

    Mode 0700.

    Raises `RequestError` where it can't be written.
    """
    started = time.time() if now is None else now
    base = f"{request.recipe}-{datetime.fromtimestamp(started):%m%d}"
    number = 1
    while True:
        name = base if number == 1 else f"{base}-{number}"
        folder = home.runs_folder() / name
        try:
            folder.mkdir(mode=0o700)
            break
        except FileExistsError:
            number += 1
        except OSError as error:
            raise RequestError(unwritable(folder, error)) from error
    whole = replace(request, id=name, started=started, host=socket.gethostname())
    try:
        write_whole(folder / "run.json", msgspec.json.encode(whole))
    except OSError as error:
        folder.rmdir()
        raise RequestError(unwritable(folder, error)) from error
    return folder


def unwritable(folder: Path, error: OSError) -> str:
    """Why a run can't begin in that folder, in one line that says what to do where that is known."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return t("the disk is full: {folder}; free some space, then start the run again", folder=folder)
    return f"{error.filename or folder}: {error.strerror}"


def find(run_id: str) -> Path:
    """The folder of a run. Raises `RequestError` where there is none of that name."""
    folder = home.runs_folder() / run_id
    if Path(run_id).name != run_id or not (folder / "run.json").exists():
        raise RequestError(t("no run is called {id}; see: ptlearn-tui runs", id=run_id))
    return folder


def read_request(folder: Path) -> Request:
    """What the run was asked to do. Raises `RequestError` for a file that can't be read."""
    path = folder / "run.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Request)
    except (OSError, msgspec.MsgspecError) as error:
        raise RequestError(f"{path}: {error}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file so that a reader, or a crash, sees the old one or the new one. Raises `OSError`.

    Leaves no rest.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def hold(folder: Path) -> int:
    """Say that this process is the run, until it dies; returns a descriptor to keep open.

    Raises `RequestError` if another is.

    A record lock, since `flock` would stay with a forked child. Closing *any* descriptor of this file in this
    process drops it: so the process that holds it never asks `owner`.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        raise RequestError(t("{id} is running already", id=folder.name)) from error
    return lock


def owner(folder: Path) -> int | None:
    """The process that holds the run's lock, or None: the run is not alive.

    0 where it is out of our sight (a container).
    """
    try:
        lock = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        kind_at, pid_at = (3, 2) if sys.platform == "darwin" else (0, 4)
        fields = [0, 0, 0, 0, 0]
        fields[kind_at] = fcntl.F_WRLCK
        answer = struct.unpack(_FLOCK, fcntl.fcntl(lock, fcntl.F_GETLK, struct.pack(_FLOCK, *fields)))
        return None if answer[kind_at] == fcntl.F_UNLCK else max(0, answer[pid_at])
    finally:
        os.close(lock)
