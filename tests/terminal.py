"""A real terminal: the installed command at one end of a pty, an emulated screen at the other."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import time
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import TYPE_CHECKING

import psutil
import pyte
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = str(Path(sys.executable).with_name("ptlearn-tui"))
PATIENCE = 90.0  # seconds before a test gives up: machines are shared, and nothing here is timed


class Terminal:
    """One program in one window."""

    def __init__(self, *arguments: str, columns: int = 80, rows: int = 24, **environment: str) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""  # everything that was ever written to it
        whole = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            ioctl(1, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(PROGRAM, [PROGRAM, *arguments], whole)
        os.set_inheritable(self.master, False)  # or the next one would hold this one open
        self.process = psutil.Process(self.pid)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen. Not `display`, which fails on half a wide character, in the midst of a frame."""
        columns, rows = range(self.screen.columns), range(self.screen.lines)
        return ["".join(self.screen.buffer[y][x].data for x in columns).rstrip() for y in rows]

    @property
    def text(self) -> str:
        """The same in one string."""
        return "\n".join(self.lines)

    def read(self, seconds: float) -> None:
        """Take in what comes, for at most so long."""
        if select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:  # the program has closed its end
                data = b""
            self.raw += data
            self._stream.feed(data)

    def wait(self, shown: str | Callable[[], object], what: str = "") -> None:
        """Until the text, or what the predicate asks for, is there."""
        until = time.monotonic() + PATIENCE
        found = (lambda: shown in self.text) if isinstance(shown, str) else shown
        while not found():
            if time.monotonic() > until:
                pytest.fail(f"never seen: {what or shown!r}\n{self.text}")
            self.read(0.05)

    def press(self, *keys: str) -> None:
        """Keys as a terminal sends them, in one packet each."""
        for key in keys:
            os.write(self.master, key.encode())

    def resize(self, columns: int, rows: int) -> None:
        """The window is drawn larger or smaller."""
        self.screen.resize(rows, columns)
        ioctl(self.master, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def ended(self) -> int:
        """Wait for the end; the exit status, negative for a signal."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            self.read(0.02)
        pytest.fail(f"it does not end\n{self.text}")

    def close(self) -> None:
        """Whatever is left of it."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


def family(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def all_gone(processes: list[psutil.Process]) -> bool:
    """None of them runs any more (a zombie does not run)."""
    alive = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
        except psutil.NoSuchProcess:
            pass
    return not alive
