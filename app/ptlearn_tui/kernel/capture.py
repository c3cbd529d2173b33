"""Both ends of a kernel's stdout and stderr: pipes at descriptors 1 and 2, so that C++ and child processes count.

`Streams` is the kernel's end, `Tap` the client's. Order within a stream is exact, and so is that of a stream and the
events: with every event goes its place in each stream, in bytes. The kernel can't count what programs and C++ write,
so it adds what the pipe holds to what the client says it has read, in a page of memory that both have.
"""

from __future__ import annotations

import _thread
import codecs
import fcntl
import io
import math
import mmap
import os
import subprocess
import sys
import termios
import threading
import time
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.events import Stderr, Stdout

PACE = 0.02  # seconds: a line goes out at once, lines of a burst this often (a write for each makes it 4x slower)
BUFFER = 1 << 16  # bytes: what a pipe holds

CHUNK = 1 << 16  # bytes a read
TURN = 1 << 20  # bytes read before any are shown: more than a pipe holds, so all that came before a cell's Done
REFRESH = 1 / 16  # seconds: where there is a rate to keep to, text comes out this often, the newest of what there is
BURST = 1.0  # seconds' worth of the rate that comes out unhindered after a silence


# What starts programs. No audit hook: with one, each look at a frame costs 1 µs, and each backward() takes two.
_PROGRAMS: tuple[tuple[Any, str], ...] = (
    (subprocess.Popen, "__init__"),
    (os, "system"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
    (os, "execv"),
    (os, "execve"),
)

_sleep = time.sleep  # a learner's own `time.sleep = ...` is for the learner


def aside(descriptor: int) -> int:
    """Move a descriptor to where a cell that closes or counts its own won't come upon it; closed on exec."""
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 960)  # below the usual limit of 1024
    os.close(descriptor)
    return high


def tallies(memory: int) -> tuple[memoryview, memoryview]:
    """For stdout and stderr, from a memfd: [how often the client began or ended a read, bytes it has read]."""
    os.ftruncate(memory, mmap.PAGESIZE)
    cells = memoryview(mmap.mmap(memory, mmap.PAGESIZE)).cast("Q")
    return cells[0:2], cells[2:4]


# ---- the kernel's end ----------------------------------------------------------------------------------------


class _Paced(io.BufferedWriter):
    """What `TextIOWrapper` flushes after each line: done at once after a pause, and else left to the clock."""

    pace = PACE
    _next = 0.0

    def flush(self) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self.pace
            super().flush()

    def flush_now(self) -> None:
        super().flush()
        self._next = 0.0  # nothing waits: the next line need not either


class _Text(io.TextIOWrapper):
    """`sys.stdout`: flushes for real when it is asked to."""

    buffer: _Paced

    def flush(self) -> None:
        super().flush()
        self.buffer.flush_now()


class Streams:
    """`sys.stdout` and `sys.stderr` of this process, onto two pipes.

    What was paced is flushed by a thread while a cell runs. It stands still during a fork, and is not in
    `threading.enumerate()`: that shows the learner's threads.
    """

    def __init__(self, stdout: int, stderr: int, memory: int) -> None:
        self._tallies = tallies(memory)
        os.close(memory)
        self._pipes = {1: aside(stdout), 2: aside(stderr)}  # kept: a cell may close 1 and 2
        self._running = threading.Event()
        self._flushing = threading.RLock()  # a learner's __del__ may print wherever memory is made
        for descriptor, pipe in self._pipes.items():
            os.dup2(pipe, descriptor)
        self._open()
        os.register_at_fork(
            before=self._before_fork,
            after_in_parent=self._flushing.release,
            after_in_child=self._in_child,
        )
        for owner, name in _PROGRAMS:
            setattr(owner, name, self._flushing_first(getattr(owner, name)))
        _thread.start_new_thread(self._keep_flushing, ())

    def begin(self) -> None:
        """A cell starts. What an earlier one has closed is open again."""
        for descriptor, pipe in self._pipes.items():
            try:
                os.fstat(descriptor)
            except OSError:
                os.dup2(pipe, descriptor)
        if self._stdout.closed or self._stderr.closed:
            self._open()
        self._running.set()

    def end(self) -> None:
        """A cell has ended."""
        self._running.clear()
        self.flush()

    def flush(self) -> None:
        """Hand over all that Python has buffered. Blocks while the pipe is full."""
        with self._flushing:
            for stream in (self._stdout, self._stderr):
                try:
                    stream.flush()
                except (OSError, ValueError, RuntimeError):  # closed by the cell; in the middle of a write
                    pass

    def places(self) -> tuple[int, int]:
        """How many bytes have been written to each stream so far, by anybody; -1 where it can't be known."""
        return self._place(self._pipes[1], self._tallies[0]), self._place(self._pipes[2], self._tallies[1])

    @staticmethod
    def _place(pipe: int, tally: memoryview) -> int:
        for attempt in range(100):
            turn = tally[0]
            if turn % 2 == 0:  # the client is not just reading
                waiting = fcntl.ioctl(pipe, termios.FIONREAD, b"\0\0\0\0")
                place = tally[1] + int.from_bytes(waiting, sys.byteorder)
                if tally[0] == turn:  # nor has it meanwhile
                    return int(place)
            # It may have lost its core in the midst of a read, and have it back in some milliseconds.
            _sleep(0 if attempt < 10 else 0.0005)
        return -1

    def _open(self) -> None:
        out, err = io.FileIO(1, "w", closefd=False), io.FileIO(2, "w", closefd=False)
        self._stdout = _Text(_Paced(out, BUFFER), "utf-8", "backslashreplace", line_buffering=True)
        self._stderr = io.TextIOWrapper(io.BufferedWriter(err), "utf-8", "backslashreplace", line_buffering=True)
        sys.stdout = sys.__stdout__ = self._stdout  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self._stderr  # type: ignore[misc]

    def _keep_flushing(self) -> None:
        while self._running.wait():
            _sleep(PACE)
            self.flush()

    def _flushing_first(self, start: Callable[..., Any]) -> Callable[..., Any]:
        """Programs write to the pipe themselves, and what was printed before they start comes first."""

        @wraps(start)
        def started(*arguments: Any, **named: Any) -> Any:
            self.flush()
            return start(*arguments, **named)

        return started

    def _before_fork(self) -> None:
        self._flushing.acquire()  # held by the flusher, it would be held in the child for ever
        self.flush()  # or the child would print it a second time

    def _in_child(self) -> None:
        self._flushing.release()
        self._stdout.buffer.pace = 0.0  # no flusher here


# ---- the client's end ----------------------------------------------------------------------------------------


class Tap:
    """Reads one stream and makes events of it, in bounded memory.

    `rate` is the bytes a second that may come out, after a first burst: what a cell writes beyond it is left out,
    and the event says how much. Without a rate (infinity) nothing is lost, and a slow reader slows the cell.
    """

    def __init__(self, pipe: int, kind: type[Stdout] | type[Stderr], rate: float, tally: memoryview) -> None:
        os.set_blocking(pipe, False)
        self._file = io.FileIO(pipe)
        self._kind = kind
        self._rate = rate
        self._keep = TURN if math.isinf(rate) else math.ceil(rate * REFRESH)
        self._tally = tally
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = bytearray()  # the last bytes that were read
        self._dropped = self._dropped_lines = 0
        self.copy: Callable[[bytes], object] | None = None  # gets everything that is read
        self._next = 0.0  # when text may come out again
        self._ended = False  # the last writer has closed it

    def wants(self, now: float) -> bool:
        """Whether there is something to wait for: not while enough is held, which holds the cell up a little."""
        return not self._ended and (len(self._held) < self._keep or now >= self._next)

    def read(self) -> None:
        """Take what is there, up to `TURN` bytes, without waiting."""
        taken = 0
        while taken < TURN and not self._ended:
            self._tally[0] += 1
            chunk = self._file.read(CHUNK)
            self._tally[1] += len(chunk or b"")
            self._tally[0] += 1
            if chunk is None:
                return
            self._ended = not chunk
            taken += len(chunk)
            self._held += chunk
            if self.copy is not None:
                self.copy(chunk)
            if (excess := len(self._held) - self._keep) > 0 and self._rate < math.inf:
                line = self._held.find(b"\n", excess, excess + 1000) + 1  # between two lines, if there are any
                self._dropped += line or excess
                self._dropped_lines += self._held.count(b"\n", 0, line or excess)
                del self._held[: line or excess]

    def due(self, now: float) -> float | None:
        """Seconds until text that is held may come out; None if there is none."""
        return max(0.0, self._next - now) if self._held else None

    def take(
        self, cell: int, now: float, *, place: int = -1, force: bool = False, last: bool = False
    ) -> list[Stdout | Stderr]:
        """What is held as an event, or nothing: up to a `place` in the stream, or all of it (-1).

        `force` disregards the rate; after `last` nothing comes.
        """
        if now < self._next and not force:
            return []
        size = len(self._held)
        if place >= 0:
            size = min(max(0, place - (self._tally[1] - size)), size)
        text = self._decoder.decode(bytes(self._held[:size]), last)
        del self._held[:size]
        self._next = max(self._next, now - BURST) + size / self._rate
        if not text and not self._dropped:
            return []
        event = self._kind(cell=cell, text=text, dropped=self._dropped, dropped_lines=self._dropped_lines)
        self._dropped = self._dropped_lines = 0
        return [event]

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()
