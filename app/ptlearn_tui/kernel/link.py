"""The sockets and pipes between a client and one kernel: what comes through them, in order, and how it ended."""

from __future__ import annotations

import math
import select
import socket
import time
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from ptlearn_tui.events import AnyEvent, Points, Stderr, Stdout
from ptlearn_tui.events import decode as decode_event
from ptlearn_tui.kernel.requests import Answer, Ended, Lines, decode_answer, decode_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ptlearn_tui.kernel.capture import Tap
    from ptlearn_tui.kernel.requests import Reply

ROUNDS = 8  # of reading events and output in turn, before a cell that makes both all the time is shown
DEATH = 2.0  # seconds that a keeper is given to say how its kernel ended; it takes milliseconds

Placed: TypeAlias = tuple[tuple[int, int], AnyEvent]  # an event, and its places in stdout and stderr


class Link:
    """The client's ends. One thread reads at a time, which `Kernel` sees to; any may `interrupt` and `kill`."""

    def __init__(self, keeper: socket.socket, channel: socket.socket, stdout: Tap, stderr: Tap) -> None:
        self.cell = 0  # the number of the cell that output belongs to
        self.reply: Reply | None = None  # the newest
        self.died: str | None = None  # how the kernel ended
        self.killed = False
        self._keeper = keeper
        self._channel = channel
        self._taps = (stdout, stderr)
        self._answers = Lines()  # of the keeper
        self._heard: list[bytes] = []
        self._lines = Lines()  # of the kernel
        self._early: list[Placed] = []  # events that came when nobody asked for them

    @property
    def alive(self) -> bool:
        """Whether there is a kernel at the other end."""
        try:
            return not (self.killed or self.died or self._heard or readable(self._keeper, 0.0))
        except (OSError, ValueError):  # closed by another thread in this moment
            return False

    def send(self, line: bytes, *, wait: bool = False) -> None:
        """To the kernel. Raises `OSError` when it is dead, and where its socket is full and nobody waits."""
        if wait:
            self._channel.sendall(line)
        else:
            self._channel.send(line, socket.MSG_DONTWAIT)

    def interrupt(self) -> None:
        """The keeper sends the kernel and its programs a SIGINT."""
        try:
            self._keeper.send(b"i", socket.MSG_DONTWAIT)
        except OSError:  # it is dead, or has been told often enough
            pass

    def kill(self) -> None:
        """The keeper ends the kernel and all that it started. Whoever waits here wakes."""
        self.killed = True
        try:
            self._keeper.shutdown(socket.SHUT_WR)  # the order; the other way stays open for the answer
            self._channel.shutdown(socket.SHUT_RDWR)  # wakes a `receive` even if the keeper never answers
        except OSError:  # closed, or dead
            pass

    def close(self) -> None:
        """All ends."""
        for end in (self._keeper, self._channel, *self._taps):
            end.close()

    def hear(self, timeout: float | None) -> Answer | None:
        """What the keeper says next; None if nothing comes."""
        while not self._heard:
            try:
                chunk = self._keeper.recv(4096) if readable(self._keeper, timeout) else b""
            except OSError:
                chunk = b""
            if not chunk:
                return None
            self._heard += self._answers.feed(chunk)
        return decode_answer(self._heard.pop(0))

    def wait_for_reply(self, seconds: float) -> bool:
        """Whether something came from the kernel in this time, other than its end; its events are kept."""
        return readable(self._channel, seconds) and not self._decode(self._early)

    def copy(self, to: Callable[[bytes], object] | None) -> None:
        """Both streams' bytes go there too from now on; what has come before does not."""
        for tap in self._taps:
            tap.read()
            tap.copy = to

    def receive(self, timeout: float | None) -> tuple[list[Placed], bool]:
        """Wait for anything at all. The events, and whether the kernel has ended.

        Output is read after events: what the cell printed before an event was in the pipe before the event came. And
        events once more after output: they may have come before the last of it was written.
        """
        now = time.monotonic()
        sources: list[socket.socket | Tap] = [self._keeper, self._channel]
        sources += [tap for tap in self._taps if tap.wants(now)]
        ready = _ready(sources, timeout)
        ended = bool(self._heard) or self._keeper.fileno() in ready
        events, self._early = self._early, []
        if self._channel.fileno() in ready:
            ended = self._decode(events) or ended
        if ended and timeout == 0.0 and not (self._heard or readable(self._keeper, 0.0)):
            ended = False  # whoever won't wait (`drain`, for a screen) hears of the end when the keeper tells of it
        if ended:
            self.died = self.died or self._autopsy()
            while not self._decode(events):
                pass
        for _ in range(ROUNDS):
            for tap in self._taps:
                if ended or events or tap.fileno() in ready:
                    tap.read()
            if ended or self._decode(events):
                break
        return events, ended

    def output(
        self, places: tuple[int, int] = (-1, -1), *, force: bool = False, last: bool = False
    ) -> Iterator[Stdout | Stderr]:
        """What the streams hold, up to these places; `Tap.take` says when it is due."""
        now = time.monotonic()
        for tap, place in zip(self._taps, places, strict=True):
            yield from tap.take(self.cell, now, place=place, force=force, last=last)

    def due(self) -> float | None:
        """Seconds until output that is held back has to be shown; None where there is none."""
        now = time.monotonic()
        return min((due for tap in self._taps if (due := tap.due(now)) is not None), default=None)

    def _decode(self, events: list[Placed]) -> bool:
        """Add the events of one chunk; whether there are no more."""
        try:
            chunk = self._channel.recv(1 << 18, socket.MSG_DONTWAIT)
        except OSError:
            return True
        for line in self._lines.feed(chunk):
            try:
                if line.startswith(b"{"):
                    self.reply = decode_reply(line)
                    continue
                stdout, stderr, event = line.split(b" ", 2)
                place, decoded = (int(stdout), int(stderr)), decode_event(event)
                parts = decoded.metrics() if isinstance(decoded, Points) else [decoded]
                events += [(place, part) for part in parts]
            except (ValueError, msgspec.MsgspecError):  # the cell has found our descriptor, and written to it
                pass
        return not chunk

    def _autopsy(self) -> str:
        """How the kernel ended, by its keeper."""
        answer = self.hear(DEATH)
        if answer is None:  # no keeper any more, or the cell has closed our channel and goes on
            self.kill()
        return answer.died if isinstance(answer, Ended) and not self.killed else "killed"


def readable(end: socket.socket, timeout: float | None) -> bool:
    """Whether there is something to read, or the end of it, at the latest `timeout` seconds from now."""
    return bool(_ready([end], timeout))


def _ready(ends: Sequence[socket.socket | Tap], timeout: float | None) -> set[int]:
    poll = select.poll()  # `select.select` fails from descriptor 1024 on
    for end in ends:
        poll.register(end, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(None if timeout is None else math.ceil(timeout * 1000))}
