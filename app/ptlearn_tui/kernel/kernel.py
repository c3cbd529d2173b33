"""The kernel: the process that a learner's cells run in, as a script would, in a `__main__` of their own."""

from __future__ import annotations

import builtins
import faulthandler
import multiprocessing
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
import types
import warnings
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch

from ptlearn_tui.events import Done, Error, Event, encode
from ptlearn_tui.kernel import memory
from ptlearn_tui.kernel.capture import Streams, aside
from ptlearn_tui.kernel.complete import complete
from ptlearn_tui.kernel.describe import NothingThere
from ptlearn_tui.kernel.examine import examine
from ptlearn_tui.kernel.execute import described, execute, forget
from ptlearn_tui.kernel.requests import (
    Complete,
    Describe,
    Described,
    Examine,
    Go,
    Lines,
    Names,
    Request,
    Reset,
    Run,
    decode_request,
)
from ptlearn_tui.kernel.requests import encode as encode_message

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(folder: str, limit: int | None, channel: int, stdout: int, stderr: int, tally: int) -> NoReturn:
    """Make this freshly forked process a kernel, and run cells until the client closes the channel."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    streams = Streams(stdout, stderr, tally)
    faulthandler.enable(2, all_threads=False)  # a segmentation fault says in which line of the cell
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")  # memory runs out: here, and not in the dashboard
    except OSError:
        pass
    # Each kernel draws its own random numbers. Python's `random` sees to it itself.
    torch.default_generator.seed()
    np.random.seed()
    # They are ours, and tell nobody anything twice.
    warnings.filterwarnings("ignore", r"Using `torch\.compile\(module\)` when there are global hooks", UserWarning)
    # DataLoader workers must find the classes of a cell; every other start method would look for a script.
    multiprocessing.set_start_method("fork", force=True)
    try:
        os.chdir(folder)
    except OSError:  # it has been removed meanwhile: a cell that needs it will say so
        pass
    sys.path.insert(0, "")
    sys.argv = [""]
    main_module = types.ModuleType("__main__")
    main_module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = main_module
    if limit is not None:
        memory.limit(limit)
    session = Session(socket.socket(fileno=aside(channel)), streams, main_module.__dict__)
    code = 0
    try:
        session.serve()
    except SystemExit as request:
        code = request.code if isinstance(request.code, int) else int(request.code is not None)
    streams.flush()
    os._exit(code)


class Session:
    """One kernel's conversation with its client.

    An interrupt raises KeyboardInterrupt in the running cell and nowhere else: between cells it is harmless, and in
    the middle of an event it waits until the event has gone out whole.
    """

    def __init__(self, channel: socket.socket, streams: Streams, namespace: dict[str, Any]) -> None:
        self._channel = channel
        self._streams = streams
        self._namespace = namespace
        self._lines = Lines()
        self._requests: deque[Request] = deque()
        self._cell: int | None = None  # the one that runs: its Done has not gone out yet
        self._began = 0.0
        self._thread = threading.get_ident()
        self._sending = False  # in this thread
        self._interrupted = False  # meanwhile
        self._lock = (
            threading.RLock()
        )  # reentrant: a learner's __del__ may run, and make events, wherever memory is made
        self._forked = False
        os.register_at_fork(after_in_child=self._in_child)
        signal.signal(signal.SIGINT, self._interrupt)

    def serve(self) -> None:
        """Run cells until the channel closes."""
        while True:
            try:
                if self._cell is not None:  # an interrupt came between `execute` and its Done
                    self._close(interrupted=True)
                request = self._next()
                if request is None:
                    return
                if isinstance(request, Run | Examine):
                    self._run(request)
                elif not isinstance(request, Go):  # one that comes after the cell's end
                    self._answer(request)
            except KeyboardInterrupt:
                pass

    def emit(self, *events: Event) -> None:
        """Send events, after the output that came before them: in one write, since that costs more than they do.

        From any thread. The first Done ends the cell; the child of a learner's fork sends nothing.
        """
        if self._forked:
            for event in events:
                if isinstance(event, Error):
                    sys.stderr.write(event.traceback.rstrip("\n") + "\n")  # as a script's child would
            return
        if threading.get_ident() != self._thread:
            self._send(events)
            return
        outer, self._sending = self._sending, True
        try:
            if isinstance(events[-1], Done):
                if self._cell is None:
                    return
                self._cell = None
                self._streams.end()
            self._send(events)
        finally:
            self._sending = outer
        if self._interrupted and not outer:
            self._interrupt()

    def _send(self, events: Sequence[Event]) -> None:
        lines = [encode(event) for event in events]
        with self._lock:
            self._streams.flush()
            places = b"%d %d " % self._streams.places()
            self._put(b"".join([b"%b%b\n" % (places, line) for line in lines]))

    def _put(self, line: bytes) -> None:
        try:
            self._channel.sendall(line)
        except OSError:  # the client is gone, or the cell has closed every descriptor it could count to
            os._exit(1)

    def _run(self, request: Run | Examine) -> None:
        signal.signal(signal.SIGINT, self._interrupt)  # again: an earlier cell may have set its own
        self._streams.begin()
        memory.before_cell()
        self._began = time.monotonic()
        self._interrupted = False
        self._cell = request.cell
        try:
            if isinstance(request, Examine):
                examine(request, self._namespace, self.emit)
            else:
                wait = self._word if request.step else None
                execute(request.cell, request.source, self._namespace, self.emit, wait, film=request.film)
        except Exception:  # ours, not the learner's: shown nevertheless, and the kernel lives
            traceback.print_exc()
        finally:
            if self._forked:  # the child of a fork in the cell has come to the end of its script
                self._streams.flush()
                os._exit(0)
        if self._cell is not None:
            self._close(interrupted=False)

    def _word(self) -> str:
        """The learner's, in the midst of a cell that is stepped through. An interrupt comes up here, too."""
        while True:
            request = self._next()
            if request is None:
                os._exit(0)  # the client is gone
            if isinstance(request, Go):
                return request.how

    def _answer(self, request: Complete | Describe | Reset) -> None:
        """Whatever it is about: a learner's object that can't even be looked at has no names and no card."""
        reply: Names | Described = Described(number=request.number)
        try:
            match request:
                case Complete():
                    found = complete(request.source, request.line, request.column, self._namespace)
                    reply = Names(number=request.number, names=found)
                case Describe():
                    reply = Described(number=request.number, card=described(request, self._namespace))
                case Reset():
                    forget(self._namespace)
        except NothingThere as why:
            reply = Described(number=request.number, why=str(why))
        except Exception as error:
            reply = Described(number=request.number, why=f"{type(error).__name__}: {error}")
        with self._lock:
            self._put(encode_message(reply))

    def _close(self, *, interrupted: bool) -> None:
        seconds = time.monotonic() - self._began
        self.emit(Done(cell=self._cell or 0, ok=False, seconds=seconds, interrupted=interrupted))

    def _next(self) -> Request | None:
        """The next request, or None at the end. Meanwhile what a learner's thread prints goes out."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        while not self._requests:
            if not poll.poll(100 if threading.active_count() > 1 else None):
                self._streams.flush()
                continue
            chunk = self._channel.recv(1 << 16)
            if not chunk:
                return None
            self._requests += [decode_request(line) for line in self._lines.feed(chunk)]
        return self._requests.popleft()

    def _interrupt(self, _signal: int = 0, frame: types.FrameType | None = None) -> None:
        if self._cell is None:
            return
        if frame is not None and frame.f_code is Session.serve.__code__:
            return  # an interrupt has just come up there, and closes the cell: one more would end the kernel
        if self._sending:
            self._interrupted = True
            return
        self._interrupted = False
        raise KeyboardInterrupt

    def _in_child(self) -> None:
        self._forked = True
        self._channel.close()
