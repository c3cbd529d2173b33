"""The client's end of one kernel: runs cells in it, interrupts it, ends it, and reads what comes back."""

from __future__ import annotations

import math
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from ptlearn_tui.events import AnyEvent, Done, Points, Stderr, Stdout
from ptlearn_tui.events import decode as decode_event
from ptlearn_tui.kernel import usage
from ptlearn_tui.kernel.requests import (
    Answer,
    Complete,
    Describe,
    Described,
    Ended,
    Failed,
    Go,
    Lines,
    Names,
    Reset,
    Run,
    Started,
    decode_answer,
    decode_reply,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ptlearn_tui.events import Tensor
    from ptlearn_tui.kernel.capture import Tap
    from ptlearn_tui.kernel.requests import Reply

ANSWER = 0.5  # seconds that an idle kernel is given to name names; it takes milliseconds
LOOK = 60.0  # seconds for a card: exact statistics of a billion values take some of them
QUESTION = 1 << 16  # bytes; a socket takes 200 KB
ROUNDS = 8  # of reading events and output in turn, before a cell that makes both all the time is shown
DEATH = 2.0  # seconds that a keeper is given to say how its kernel ended; it takes milliseconds

Placed: TypeAlias = tuple[tuple[int, int], AnyEvent]  # an event, and its places in stdout and stderr


class KernelError(Exception):
    """No kernel can be had. The message says why: a line, or the last lines that the server wrote."""


class Kernel:
    """One kernel, through its keeper. Made by `Server.kernel`."""

    def __init__(self, keeper: socket.socket, channel: socket.socket, stdout: Tap, stderr: Tap) -> None:
        self.pid = 0
        self.limit: int | None = None  # bytes of memory that its cells may come to use
        self._keeper = keeper
        self._channel = channel
        self._taps = (stdout, stderr)
        self._answers = Lines()  # of the keeper
        self._heard: list[bytes] = []
        self._lines = Lines()  # of the kernel
        self._early: list[Placed] = []  # events that came when nobody asked for them
        self._asked = 0  # how often
        self._reply: Reply | None = None  # the newest
        self._number = 0  # of the cell that output belongs to
        self._died: str | None = None
        self._killed = False
        self._using = threading.Lock()  # whoever holds it reads, and nobody else closes
        self._closed = False

    def begin(self) -> None:
        """Wait until the kernel is forked. Raises `KernelError` if it could not be."""
        match self._hear(None):
            case Started(pid=pid):
                self.pid = pid
            case answer:
                self.kill()
                reason = answer.reason if isinstance(answer, Failed) else "its keeper has ended"
                raise KernelError(f"a kernel could not be started: {reason}")

    def run(
        self,
        cell: int,
        source: str,
        copy: Callable[[bytes], object] | None = None,
        *,
        step: bool = False,
        film: bool = False,
    ) -> Iterator[AnyEvent]:
        """Run a cell and yield its events as they come; the last is always `Done`, made here if the kernel died.

        Output that came since the last cell is yielded first, under that one's number. A caller that stops before
        `Done` leaves nobody to read what the cell makes: the kernel is killed. `copy` gets the bytes of both streams,
        all of them, as they are read: from now on, and until the next cell runs. `step`: after each statement comes
        a `Step`, and then nothing until somebody says `go`. `film`: backward() calls are recorded.
        """
        done: Done | None = None
        try:
            with self._using:
                for event in self._converse(Run(cell=cell, source=source, step=step, film=film), copy):
                    if isinstance(event, Done):
                        done = event
                    else:
                        yield event
        finally:
            if done is None:
                self.kill()
            self._tidy()
        if done is not None:
            yield done  # with the lock free: a caller may never ask for what comes after it

    def go(self, how: str) -> None:
        """A cell that is stepped through goes on: "next", "loop" (to its end), "end" (of the cell), "stop"."""
        try:
            self._channel.send(encode(Go(how=how)), socket.MSG_DONTWAIT)
        except OSError:  # dead
            pass

    def drain(self) -> list[AnyEvent]:
        """What has come since the last cell, from its threads and children. Empty while a cell runs."""
        events: list[AnyEvent] = []
        if self._using.acquire(blocking=False):
            try:
                if not self._closed:
                    made, ended = self._receive(0.0)
                    for places, event in made:
                        events += [*self._output(places, force=True), event]
                    events += self._output(force=ended, last=ended)
            finally:
                self._using.release()
            self._tidy()
        return events

    def complete(self, source: str, line: int, column: int, *, timeout: float = ANSWER) -> list[str]:
        """The names that fit at `line` (1-based) and `column` (0-based, characters) of a cell's text, at most 50.

        Empty at once while a cell runs or when the kernel is dead, and after `timeout` seconds if it does not answer
        (a thread of the learner's holds the interpreter). Nothing of the learner's is run for it.
        """
        reply = self._ask(
            lambda number: Complete(number=number, source=source, line=line, column=column), time.monotonic() + timeout
        )
        return reply.names if isinstance(reply, Names) else []

    def describe(
        self,
        name: str,
        *,
        index: Sequence[int] = (),
        exact: bool = False,
        node: int | None = None,
        saved: str | None = None,
        graph: int | None = None,
        timeout: float = LOOK,
    ) -> tuple[Tensor | None, str]:
        """The card of a tensor, as it is now, or why there is none. Blocks: for a worker's thread.

        `index` takes a slice along its first dimensions; `exact`: statistics of every value, not of a sample.
        `node` and `saved`: what that node of its graph keeps for its backward, as the `Graph` event told them;
        `graph` is its `number`, so that nothing is told of another graph that the variable has by now.
        """

        def question(number: int) -> Describe:
            return Describe(
                number=number, name=name, index=list(index), exact=exact, node=node, saved=saved, graph=graph
            )

        match self._ask(question, time.monotonic() + timeout):
            case Described(card=card, why=why):
                return card, why
        return None, "the kernel is busy" if self.alive else "the kernel has ended"

    def reset(self, *, timeout: float = LOOK) -> bool:
        """Forget all that cells have bound; modules stay imported. Whether that was done: not while a cell runs."""
        reply = self._ask(lambda number: Reset(number=number), time.monotonic() + timeout)
        return isinstance(reply, Described) and not reply.why

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell, and SIGINT in its programs. Harmless between cells."""
        try:
            self._keeper.send(b"i", socket.MSG_DONTWAIT)
        except OSError:  # it is dead, or has been told often enough
            pass

    def kill(self) -> None:
        """End the kernel and all that it started, whatever they do. A `run` that waits ends with `Done`."""
        self._killed = True
        try:
            self._keeper.shutdown(socket.SHUT_WR)  # the order; the other way stays open for the answer
            self._channel.shutdown(socket.SHUT_RDWR)  # wakes a `run` even if the keeper never answers
        except OSError:  # closed, or dead
            pass
        self._tidy()

    @property
    def alive(self) -> bool:
        """Whether there is a kernel to run cells in."""
        try:
            return not (self._killed or self._died or self._heard or readable(self._keeper, 0.0))
        except (OSError, ValueError):  # closed by another thread in this moment
            return False

    def memory(self) -> int:
        """Bytes of memory that the kernel has resident, torch's shared pages included; 0 when it is dead."""
        return usage.memory(self.pid) if self.alive else 0

    def cpu(self) -> float:
        """Seconds of processor time that it took, with those of its children that have ended; 0.0 when it is dead."""
        return usage.cpu(self.pid) if self.alive else 0.0

    def _ask(self, question: Callable[[int], Complete | Describe | Reset], until: float) -> Reply | None:
        """The kernel's reply; None at once while a cell runs, and if none comes until then (a monotonic time)."""
        if not self._using.acquire(blocking=False):
            return None
        try:
            line = encode(question(self._asked + 1))
            # One question at a time, and a small one: it goes into the socket whole, without waiting.
            if self._closed or len(line) > QUESTION or not self._replied_until(until):
                return None
            self._channel.send(line, socket.MSG_DONTWAIT)
            self._asked += 1
            return self._reply if self._replied_until(until) else None
        except OSError:  # dead
            return None
        finally:
            self._using.release()
            self._tidy()

    def _replied_until(self, until: float) -> bool:
        """Wait for the reply to the last question; whether it came. What else comes is kept for `run` or `drain`."""
        while (self._reply.number if self._reply else 0) != self._asked:
            left = until - time.monotonic()
            if left <= 0 or not readable(self._channel, left) or self._decode(self._early):
                return False
        return True

    def _converse(self, request: Run, copy: Callable[[bytes], object] | None) -> Iterator[AnyEvent]:
        began, cell = time.monotonic(), request.cell
        if self._closed:
            yield Done(cell=cell, ok=False, seconds=0.0, died=self._died or "killed")
            return
        for tap in self._taps:
            tap.read()
            tap.copy = copy
        yield from self._output(force=True)
        self._number = cell
        try:
            self._channel.sendall(encode(request))
        except OSError:  # it has died: how, we hear below
            pass
        done: Done | None = None
        while done is None:
            events, ended = self._receive(self._due())
            for places, event in events:
                yield from self._output(places, force=ended or isinstance(event, Done))
                if isinstance(event, Done):
                    done = event
                else:
                    yield event
            if done is None:
                yield from self._output(force=ended, last=ended)
            if ended and done is None:
                done = Done(cell=cell, ok=False, seconds=time.monotonic() - began, died=self._died)
        yield done

    def _receive(self, timeout: float | None) -> tuple[list[Placed], bool]:
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
            self._died = self._died or self._autopsy()
            while not self._decode(events):
                pass
        for _ in range(ROUNDS):
            for tap in self._taps:
                if ended or events or tap.fileno() in ready:
                    tap.read()
            if ended or self._decode(events):
                break
        return events, ended

    def _decode(self, events: list[Placed]) -> bool:
        """Add the events of one chunk; whether there are no more."""
        try:
            chunk = self._channel.recv(1 << 18, socket.MSG_DONTWAIT)
        except OSError:
            return True
        for line in self._lines.feed(chunk):
            try:
                if line.startswith(b"{"):
                    self._reply = decode_reply(line)
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
        answer = self._hear(DEATH)
        if answer is None:  # no keeper any more, or the cell has closed our channel and goes on
            self.kill()
        return answer.died if isinstance(answer, Ended) and not self._killed else "killed"

    def _hear(self, timeout: float | None) -> Answer | None:
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

    def _output(
        self, places: tuple[int, int] = (-1, -1), *, force: bool = False, last: bool = False
    ) -> Iterator[Stdout | Stderr]:
        now = time.monotonic()
        for tap, place in zip(self._taps, places, strict=True):
            yield from tap.take(self._number, now, place=place, force=force, last=last)

    def _due(self) -> float | None:
        now = time.monotonic()
        return min((due for tap in self._taps if (due := tap.due(now)) is not None), default=None)

    def _tidy(self) -> None:
        """Close what is left of a dead kernel, unless somebody reads from it: they do it then."""
        if (self._killed or self._died) and self._using.acquire(blocking=False):
            try:
                self._closed = True
                for end in (self._keeper, self._channel, *self._taps):
                    end.close()
            finally:
                self._using.release()


def readable(end: socket.socket, timeout: float | None) -> bool:
    """Whether there is something to read, or the end of it, at the latest `timeout` seconds from now."""
    return bool(_ready([end], timeout))


def _ready(ends: Sequence[socket.socket | Tap], timeout: float | None) -> set[int]:
    poll = select.poll()  # `select.select` fails from descriptor 1024 on
    for end in ends:
        poll.register(end, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(None if timeout is None else math.ceil(timeout * 1000))}
