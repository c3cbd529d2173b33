"""The fork server: torch imported once, kernels forked from it in milliseconds.

`python -m ptlearn_tui.kernel.server FD`, where FD is its end of a SOCK_SEQPACKET pair with the client. It starts no
thread and touches no CUDA: either would be broken in every kernel that is forked from it.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import signal
import socket
import sys
import time
import traceback

from ptlearn_tui.kernel import keeper
from ptlearn_tui.kernel.requests import Failed, Ready, decode_fork, encode

# torch.optim and torch._dynamo are 800 modules that the first `torch.optim.Adam()` would import: 2.3 s in a cell.
PRELOAD = (
    "numpy",
    "torch",
    "torch.optim",
    "torch._dynamo",
    "ptlearn_tui.kernel.kernel",
    "ptlearn_tui.locale.explained.en",  # a cell's first error is explained as fast as its second
    "ptlearn_tui.locale.explained.traps_en",
)

DESCRIPTORS = 5  # that come with a Fork: see there


def main(control: socket.socket) -> None:
    """Import torch, say so, then fork on request until the client is gone."""
    _die_with(control)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # kernels inherit it, and change it when they can run a cell
    began = time.monotonic()
    version = _preload()
    # What is here now, all kernels share. The collector would copy its pages into each of them by marking them.
    gc.collect()
    gc.freeze()
    _serve(control, Ready(torch=version, seconds=time.monotonic() - began))


def _die_with(control: socket.socket) -> None:
    """Have SIGIO end this process when the client is gone, even in the middle of an import.

    PR_SET_PDEATHSIG would end it too early: it follows the *thread* that started us, and a worker thread may be gone
    long before its program is.
    """
    fcntl.fcntl(control, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(control, fcntl.F_SETFL, os.O_ASYNC)
    try:
        if not control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):  # gone before we listened
            os._exit(0)
    except BlockingIOError:
        pass


def _preload() -> str:
    try:
        for name in PRELOAD:
            importlib.import_module(name)
    except ImportError as error:  # one line: the client shows it
        sys.exit(f"{type(error).__name__}: {error}")
    return str(sys.modules["torch"].__version__)


def _serve(control: socket.socket, ready: Ready) -> None:
    fcntl.fcntl(control, fcntl.F_SETFL, 0)  # requests are no reason to die; the client's end is an end of file now
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers leave no zombies
    control.send(encode(ready))
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1 << 16, DESCRIPTORS)
        if not message:
            return
        try:
            if os.fork() == 0:
                _become_keeper(control, message, descriptors)
        except OSError as error:
            os.write(descriptors[0], encode(Failed(reason=error.strerror or str(error))))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def _become_keeper(control: socket.socket, message: bytes, descriptors: list[int]) -> None:
    """Never returns: a forked process that climbed back up this stack would be a second server."""
    try:
        control.close()
        request = decode_fork(message)
        keeper.main(request.folder, request.limit, *descriptors)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
