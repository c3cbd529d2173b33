"""The client's end of one kernel: runs cells in it, asks it, interrupts it, ends it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ptlearn_tui.events import Done
from ptlearn_tui.kernel import usage
from ptlearn_tui.kernel.link import Link
from ptlearn_tui.kernel.requests import (
    Complete,
    Describe,
    Described,
    Examine,
    Failed,
    Go,
    Names,
    Reset,
    Run,
    Started,
    encode,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ptlearn_tui.events import AnyEvent, Tensor
    from ptlearn_tui.kernel.capture import Tap
    from ptlearn_tui.kernel.requests import Reply

ANSWER = 0.5  # seconds that an idle kernel is given to name names; it takes milliseconds
LOOK = 60.0  # seconds for a card: exact statistics of a billion values take some of them
QUESTION = 1 << 16  # bytes; a socket takes 200 KB


class KernelError(Exception):
    """No kernel can be had. The message says why: a line, or the last lines that the server wrote."""


class Kernel:
    """One kernel, through its keeper. Made by `Server.kernel`."""

    def __init__(self, keeper: socket.socket, channel: socket.socket, stdout: Tap, stderr: Tap) -> None:
        self.pid = 0
        self.limit: int | None = None  # bytes of memory that its cells may come to use
        self._link = Link(keeper, channel, stdout, stderr)
        self._asked = 0  # questions
        self._using = threading.Lock()  # whoever holds it reads, and nobody else closes
        self._closed = False

    def begin(self) -> None:
        """Wait until the kernel is forked. Raises `KernelError` if it could not be."""
        match self._link.hear(None):
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
        yield from self._drive(Run(cell=cell, source=source, step=step, film=film), copy)

    def examine(self, source: str, checks: Path, seed: int) -> Iterator[AnyEvent]:
        """Run an answer to an exercise, then the functions of `checks` on it; the last event is always `Done`."""
        yield from self._drive(Examine(cell=0, source=source, checks=str(checks), seed=seed), None)

    def _drive(self, request: Run | Examine, copy: Callable[[bytes], object] | None) -> Iterator[AnyEvent]:
        done: Done | None = None
        try:
            with self._using:
                for event in self._converse(request, copy):
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
            self._link.send(encode(Go(how=how)))
        except OSError:  # dead
            pass

    def drain(self) -> list[AnyEvent]:
        """What has come since the last cell, from its threads and children. Empty while a cell runs."""
        events: list[AnyEvent] = []
        if self._using.acquire(blocking=False):
            try:
                if not self._closed:
                    made, ended = self._link.receive(0.0)
                    for places, event in made:
                        events += [*self._link.output(places, force=True), event]
                    events += self._link.output(force=ended, last=ended)
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
        self._link.interrupt()

    def kill(self) -> None:
        """End the kernel and all that it started, whatever they do. A `run` that waits ends with `Done`."""
        self._link.kill()
        self._tidy()

    @property
    def alive(self) -> bool:
        """Whether there is a kernel to run cells in."""
        return self._link.alive

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
            self._link.send(line)
            self._asked += 1
            return self._link.reply if self._replied_until(until) else None
        except OSError:  # dead
            return None
        finally:
            self._using.release()
            self._tidy()

    def _replied_until(self, until: float) -> bool:
        """Wait for the reply to the last question; whether it came. What else comes is kept for `run` or `drain`."""
        while (self._link.reply.number if self._link.reply else 0) != self._asked:
            left = until - time.monotonic()
            if left <= 0 or not self._link.wait_for_reply(left):
                return False
        return True

    def _converse(self, request: Run | Examine, copy: Callable[[bytes], object] | None) -> Iterator[AnyEvent]:
        began, cell = time.monotonic(), request.cell
        if self._closed:
            yield Done(cell=cell, ok=False, seconds=0.0, died=self._link.died or "killed")
            return
        self._link.copy(copy)
        yield from self._link.output(force=True)
        self._link.cell = cell
        try:
            self._link.send(encode(request), wait=True)
        except OSError:  # it has died: how, we hear below
            pass
        done: Done | None = None
        while done is None:
            events, ended = self._link.receive(self._link.due())
            for places, event in events:
                yield from self._link.output(places, force=ended or isinstance(event, Done))
                if isinstance(event, Done):
                    done = event
                else:
                    yield event
            if done is None:
                yield from self._link.output(force=ended, last=ended)
            if ended and done is None:
                done = Done(cell=cell, ok=False, seconds=time.monotonic() - began, died=self._link.died)
        yield done

    def _tidy(self) -> None:
        """Close what is left of a dead kernel, unless somebody reads from it: they do it then."""
        if (self._link.killed or self._link.died) and self._using.acquire(blocking=False):
            try:
                self._closed = True
                self._link.close()
            finally:
                self._using.release()
