"""Speak to a living run: one JSON object a line over ``control.sock``, one answer each.

``{"do": "pause"}`` is answered by ``{"ok": true, "message": ""}`` when the run has taken it; that it was done
is an event in the log (a `Note`), so every viewer sees it. Anything malformed is answered with ``"ok":
false`` and changes nothing.
"""

from __future__ import annotations

import math
import os
import queue
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from ptlearn_tui.locale import t

BOUND = 4096
"""The longest line that is read, in bytes."""

PATIENCE = 2.0
"""Seconds that either side waits for the other."""


class Command(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a viewer asks of a run."""

    do: Literal["pause", "go on", "step", "stop", "checkpoint", "rate", "look", "samples"]
    value: float | None = None  # the new learning rate
    by: str = ""  # who asks, for the other viewers: "alice"


class Answer(Struct, frozen=True):
    """What the run says to it."""

    ok: bool
    message: str = ""  # why not


def send(folder: Path, command: Command) -> Answer:
    """Ask a run for something, from any thread.

    Takes 2 s at most and never raises: a run that is gone gives ``ok=False``.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, _Address(folder) as address:
            line.settimeout(PATIENCE)
            line.connect(address)
            line.sendall(msgspec.json.encode(command) + b"\n")
            return msgspec.json.decode(_read_line(line), type=Answer)
    except (OSError, msgspec.MsgspecError):
        return Answer(False, t("{id} does not answer: it has ended, or runs on another machine", id=folder.name))


class Server:
    """The run's side: a thread that checks commands and puts the good ones into `commands`."""

    def __init__(self, folder: Path) -> None:
        """Bind the socket (0600), replacing one that a killed process left. Raises `OSError`."""
        self.commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._folder = folder
        self._path = folder / "control.sock"
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _Address(folder) as address:
            self._socket.bind(address)
        self._path.chmod(0o600)  # the folder is 0700, so nobody slips in before
        self._socket.listen(8)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more commands."""
        with suppress(OSError):  # a folder that has become read-only
            self._path.unlink(missing_ok=True)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:  # closed
                return
            with line:
                try:
                    line.settimeout(PATIENCE)
                    line.sendall(msgspec.json.encode(self._take(_read_line(line))) + b"\n")
                except OSError:  # who asked is gone, or says nothing
                    pass

    def _take(self, said: bytes) -> Answer:
        try:
            command = msgspec.json.decode(said, type=Command)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return Answer(False, f"not a command: {error}")
        if (command.do == "rate") != (command.value is not None):
            return Answer(False, "a rate, and nothing else, has a value")
        if command.value is not None and not (command.value > 0 and math.isfinite(command.value)):
            return Answer(False, "a rate is a number above 0")
        self.commands.put(command)
        return Answer(True)


def _read_line(line: socket.socket) -> bytes:
    """One line, or less where the other side has no more to say; of a line beyond the bound only the beginning.

    The rest of such a line is read and dropped: closing a socket with bytes unread would drop our answer instead.
    """
    said, size = b"", 0
    while b"\n" not in said and size < 256 * BOUND:
        more = line.recv(BOUND)
        if not more:
            break
        size += len(more)
        said = (said + more)[:BOUND] + (b"\n" if b"\n" in more else b"")
    return said.partition(b"\n")[0]


class _Address:
    """The address in 108 bytes however deep the folder, through /proc/self/fd where there is one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        through = Path(f"/proc/self/fd/{self._descriptor}")
        return str((through if through.exists() else self._folder) / "control.sock")

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
