"""The screen's side of the kernels: starts the server and has kernels forked.

It never imports torch, nor anything that does. `Kernel.run` blocks and belongs in a worker thread; `interrupt`,
`kill`, `alive` and `Server.ready` answer at once, from any thread.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

from ptlearn_tui.events import Stderr, Stdout
from ptlearn_tui.kernel.capture import Tap, tallies
from ptlearn_tui.kernel.handle import Kernel, KernelError
from ptlearn_tui.kernel.link import readable
from ptlearn_tui.kernel.requests import Fork, decode_ready, encode

__all__ = ["Kernel", "KernelError", "Server"]

RATE = 1_000_000  # bytes a second of a stream: more than anybody reads, and as much as a screen keeps up with


class Server:
    """The process that has torch imported, from which kernels are forked."""

    def __init__(self) -> None:
        self.torch_version: str | None = None
        self.started = 0.0  # time.monotonic() of the start
        self.seconds = 0.0  # that the imports took, once it is ready
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._output = -1
        self._lock = threading.Lock()  # on reading from the control socket, and on closing it
        self._kernels: weakref.WeakSet[Kernel] = weakref.WeakSet()

    def start(self) -> None:
        """Spawn the process and return at once. Raises `KernelError` where there are no kernels."""
        if sys.platform != "linux":
            raise KernelError("running code needs Linux for now; reading, the plan and saved runs work here")
        if self._process is not None:
            return
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._output = os.memfd_create("kernel server")  # nobody has to read it, no disk has to have room for it
        self.started = time.monotonic()
        # -P: a `random.py` or `torch.py` in the learner's folder must not be taken for the library.
        safe = ["-P"] if sys.version_info >= (3, 11) else []
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *safe, "-m", "ptlearn_tui.kernel.server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._control = control

    @property
    def ready(self) -> bool:
        """Whether torch is loaded. Never blocks; a server that failed is not ready, and `wait` says why."""
        try:
            return self.wait(0.0)
        except KernelError:
            return False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until torch is loaded, at most `timeout` seconds; whether it is.

        Raises `KernelError` if it can't be, with the last lines that the server wrote.
        """
        if self.torch_version is None and self._lock.acquire(timeout=-1 if timeout is None else timeout):
            try:
                self._listen(timeout)
            finally:
                self._lock.release()
        return self.torch_version is not None

    def kernel(self, *, folder: Path | None = None, rate: float = RATE, memory: int | None = None) -> Kernel:
        """Fork a keeper and a kernel: waits until torch is loaded, and milliseconds more. Raises `KernelError`.

        `folder` is where its cells run, by default the current one. Output beyond `rate` bytes a second and stream
        is left out, and counted; with `math.inf` all of it comes, and a slow reader slows the cell.
        `memory`: bytes that its cells, and each process of theirs, may come to use on the CPU beyond what a fresh
        kernel has. Then it is MemoryError in the cell (from torch a RuntimeError), and the kernel lives on. Stacks of
        threads count too, 8 MB each.
        """
        self.wait()
        keeper, keeper_end = socket.socketpair()
        channel, channel_end = socket.socketpair()
        stdout, stdout_end = os.pipe()
        stderr, stderr_end = os.pipe()
        tally = os.memfd_create("bytes read")
        read_out, read_err = tallies(tally)
        kernel = Kernel(keeper, channel, Tap(stdout, Stdout, rate, read_out), Tap(stderr, Stderr, rate, read_err))
        with keeper_end, channel_end:
            descriptors = [keeper_end.fileno(), channel_end.fileno(), stdout_end, stderr_end, tally]
            fork = Fork(folder=str(folder or Path.cwd()), limit=memory)
            try:
                if self._control is None:
                    raise KernelError("the kernel server is not running")
                socket.send_fds(self._control, [encode(fork)], descriptors)
            except OSError as error:
                kernel.kill()
                raise KernelError(self._last_words()) from error
            finally:
                for descriptor in (stdout_end, stderr_end, tally):
                    os.close(descriptor)
        kernel.limit = memory
        kernel.begin()
        self._kernels.add(kernel)
        return kernel

    def close(self) -> None:
        """End the server and its kernels. Returns when the server has ended; keepers see to the rest."""
        for kernel in list(self._kernels):
            kernel.kill()
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        with self._lock:  # whoever waited for it knows by now
            if self._control is not None:
                self._control.close()
                os.close(self._output)
            self._process = self._control = self.torch_version = None

    def _listen(self, timeout: float | None) -> None:
        """Read the one thing that the server says unasked: that it is ready."""
        if self._control is None:
            raise KernelError("the kernel server is not running")
        if self.torch_version is not None or not readable(self._control, timeout):
            return
        try:
            line = self._control.recv(1 << 16)
        except OSError:
            line = b""
        if not line:
            raise KernelError(self._last_words())
        ready = decode_ready(line)
        self.seconds = ready.seconds
        self.torch_version = ready.torch

    def _last_words(self) -> str:
        size = os.fstat(self._output).st_size
        text = os.pread(self._output, 1 << 16, max(0, size - (1 << 16))).decode(errors="replace")
        lines = [line for line in text.splitlines() if line.strip()]
        return "\n".join(lines[-3:]) or "the kernel server has ended"
