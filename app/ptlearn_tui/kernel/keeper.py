"""The keeper: one process per kernel that runs no learner code, and sees to it that the kernel can always be ended.

It is the subreaper of everything that a cell starts, so that a child with a session of its own, or one whose parent
has ended, is still below it. When the dashboard's end of its socket closes, for whatever reason, all of that is
stopped and killed. A byte on the socket is an interrupt: only the keeper signals the kernel, because only its parent
can know that the process id is still the kernel's.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui.kernel.requests import Ended, Failed, Message, Started, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)


def main(folder: str, limit: int | None, control: int, *kernels: int) -> None:
    """Fork the kernel, keep it until it ends or the client goes, leave nothing behind. Never returns.

    `control` is its end of a socket with the client; the rest goes to `kernel.main`.
    """
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _libc.prctl(PR_SET_NAME, b"ptlearn-keeper", 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # the server's "ignore" would take the exit status away
    keeper = os.getpid()
    with socket.socket(fileno=control) as client:
        try:
            pid = os.fork()
        except OSError as error:
            _tell(client, Failed(reason=error.strerror or str(error)))
            os._exit(1)
        if pid == 0:
            client.close()
            _become_kernel(keeper, folder, limit, *kernels)
        try:
            os.setpgid(pid, pid)  # here and there, whoever comes first: an interrupt needs the group
        except OSError:
            pass  # the kernel has ended already
        for descriptor in kernels:
            os.close(descriptor)
        _tell(client, Started(pid=pid))
        died = _watch(client, pid)
        if died is None:
            _signal(-pid, signal.SIGKILL)  # its whole group in one call: a fork bomb ends here
        _stop_and_kill()
        if died is None:
            _signal(pid, signal.SIGKILL)  # also where the system does not list children (CONFIG_PROC_CHILDREN)
        _tell(client, Ended(died=died or "killed"))
        _bury()
    os._exit(0)


def _become_kernel(keeper: int, folder: str, limit: int | None, *descriptors: int) -> None:
    """Never returns: what climbed back up this stack would be a second keeper."""
    try:
        os.setpgid(0, 0)
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _libc.prctl(PR_SET_NAME, b"ptlearn-kernel", 0, 0, 0)
        if os.getppid() == keeper:
            # Not above: the server imports us before it may import torch. By now it has imported this too.
            from ptlearn_tui.kernel import kernel

            kernel.main(folder, limit, *descriptors)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _watch(client: socket.socket, pid: int) -> str | None:
    """Until the kernel ends: how it did. Until the client goes: None. In between, pass interrupts on."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    while True:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:  # orphans that came to us are among them
            if ended[0] == pid:
                return _how(ended[1])
        readable, _, _ = select.select([client.fileno(), wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
        if client.fileno() in readable:
            try:
                if not client.recv(4096):
                    return None
            except OSError:
                return None
            # To the group: a SIGINT to the kernel alone never ends `os.system("sleep 777")`.
            os.killpg(pid, signal.SIGINT)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"


def _stop_and_kill() -> None:
    """Stop all descendants before killing any: what is stopped cannot fork, so a fork bomb ends too."""
    stopped: set[int] = set()
    while fresh := set(_descendants()) - stopped:
        for pid in fresh:
            _signal(pid, signal.SIGSTOP)
        stopped |= fresh
    for pid in stopped:
        _signal(pid, signal.SIGKILL)


def _bury() -> None:
    """Reap until there is nobody. A descendant that slipped through a pass over /proc is our child by now.

    Polled, with growing pauses: a descendant of another user (sudo) can't be killed, and is waited for.
    """
    pause = 0.001
    try:
        while True:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            _stop_and_kill()
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
    except ChildProcessError:
        pass


def _descendants() -> Iterator[int]:
    waiting = [os.getpid()]
    while waiting:
        children = _children(waiting.pop())
        waiting += children
        yield from children


def _children(pid: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:  # it ended meanwhile: what it had is ours by now, and found in the next pass
        return []


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:  # ended meanwhile, or another user's
        pass


def _tell(client: socket.socket, message: Message) -> None:
    try:
        client.send(encode(message), socket.MSG_DONTWAIT)
    except OSError:  # nobody listens any more
        pass
