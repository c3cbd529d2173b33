"""Everything can be stopped: by an interrupt, by a kill, and by the end of the dashboard."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from hostile import MEMORY, ROWS, Hostile
from ptlearn_tui.events import Done, Line, Stdout

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Fifo
    from ptlearn_tui.kernel.client import Kernel, Server


def stop_when_started(kernel: Kernel, source: str, stop: Callable[[], None]) -> Done:
    """Run a cell that prints when it is where it should be stopped."""
    for event in kernel.run(0, source):
        if isinstance(event, Stdout):
            stop()
    assert isinstance(event, Done)
    return event


@pytest.mark.parametrize(
    "deed",
    [
        "while True: pass",
        "import time; time.sleep(1000)",
        "import subprocess; subprocess.run(['sleep', '1000'])",
        "import torch\nfor _ in range(10**9): torch.ones(3).sum()",
    ],
)
def test_an_interrupt_ends_the_cell_and_the_kernel_keeps_its_variables(kernel: Kernel, deed: str) -> None:
    ended = stop_when_started(kernel, f"kept = 5\nprint('started')\n{deed}", kernel.interrupt)
    assert ended.interrupted
    assert not ended.ok
    assert ended.died is None
    assert [e.text for e in kernel.run(1, "print(kept)") if isinstance(e, Stdout)] == ["5\n"]


def test_an_interrupt_reaches_a_program_of_the_cell(kernel: Kernel) -> None:
    ended = stop_when_started(kernel, "import os\nos.system('echo started; exec sleep 1000')", kernel.interrupt)
    assert ended.died is None  # ok, or interrupted: `os.system` itself returns, as it does in a script


def test_an_interrupt_between_cells_is_harmless(kernel: Kernel) -> None:
    list(kernel.run(0, "1"))
    os.kill(kernel.pid, signal.SIGINT)  # the keeper does the same, but nobody would know when
    *_, ended = kernel.run(1, "1")
    assert isinstance(ended, Done)
    assert ended.ok


def test_interrupts_in_the_middle_of_events_spoil_none_of_them(kernel: Kernel) -> None:
    lines = 0
    for cell in range(20):  # one that comes late may end the next cell before its first line
        for event in kernel.run(cell, "for i in range(10**9):\n    x = i\n    print(i)"):
            assert event.cell == cell
            if isinstance(event, Line | Stdout):
                lines += 1
                kernel.interrupt()
        assert isinstance(event, Done)
        assert event.interrupted
    assert lines >= 10


def test_a_cell_that_ignores_interrupts_ignores_them_for_itself_only(kernel: Kernel) -> None:
    list(kernel.run(0, "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"))
    assert stop_when_started(kernel, "print('started')\nwhile True: pass", kernel.interrupt).interrupted


ENDLESS = """
import os, signal, subprocess, time
held = os.open({fifo!r}, os.O_WRONLY)
os.set_inheritable(held, True)
def child(deed):
    if os.fork() == 0:
        deed()
        os.write(held, b"up")
        while True: time.sleep(1000)
"""

DEEDS = {
    "a loop that catches everything": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "SIGINT and SIGTERM ignored": "for n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
    "C code that holds the interpreter": "sum(range(10**12))",
    "a session of its own": "child(os.setsid)\nwhile True: pass",
    "a stopped child": "child(lambda: os.kill(os.getpid(), signal.SIGSTOP))\nwhile True: pass",
    "a daemon": "child(lambda: (os.setsid(), os.fork() and os._exit(0)))\nwhile True: pass",
    "a program": "subprocess.Popen(['sleep', '1000'], close_fds=False, start_new_session=True)\nwhile True: pass",
    "a tree of 64": "for _ in range(6): os.fork()\nwhile True: time.sleep(1000)",
    "children that are never the same": "for _ in range(3):\n    if os.fork() == 0:\n"
    "        while True:\n            if os.fork(): os._exit(0)\nwhile True: time.sleep(1000)",
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_a_kill_leaves_nothing_of_a_cell(kernel: Kernel, server: Server, fifo: Fifo, deed: str) -> None:
    source = ENDLESS.format(fifo=fifo.path) + "print('started', flush=True)\n" + deed
    ended = stop_when_started(kernel, source, kernel.kill)
    assert ended.died == "killed"
    assert not kernel.alive
    fresh = server.kernel()  # at once, whatever becomes of the old one
    assert fresh.alive
    fresh.kill()
    assert fifo.ended()


def test_what_a_dead_kernel_has_started_ends_with_it(kernel: Kernel, fifo: Fifo) -> None:
    *_, ended = kernel.run(0, ENDLESS.format(fifo=fifo.path) + "child(os.setsid)\nos._exit(7)")
    assert isinstance(ended, Done)
    assert ended.died == "exit 7"
    assert fifo.ended()


def test_a_caller_that_stops_reading_ends_the_kernel(kernel: Kernel, fifo: Fifo) -> None:
    events = kernel.run(0, ENDLESS.format(fifo=fifo.path) + "while True: print(1)")
    assert any(isinstance(event, Stdout) for event in events)  # and no further
    events.close()  # type: ignore[attr-defined]
    assert not kernel.alive
    assert fifo.ended()


HELD = "import os; os.set_inheritable(os.open({fifo!r}, os.O_WRONLY), True); print('started', flush=True)\n"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_kill_leaves_nothing_of_a_hostile_cell(server: Server, fifo: Fifo, row: Hostile) -> None:
    kernel = server.kernel(memory=MEMORY)
    seen = ""
    for event in kernel.run(0, HELD.format(fifo=fifo.path) + row.source):
        if isinstance(event, Stdout):
            seen += event.text
            if (row.sign or "started") in seen:
                kernel.kill()
    assert isinstance(event, Done)
    kernel.kill()
    assert not kernel.alive
    assert fifo.ended()


# ---- the end of the dashboard --------------------------------------------------------------------------------

# Cells of their own kernels, all at once; each is named when it is in the midst of it.
DASHBOARD = """
import os, sys, threading
import msgspec, psutil
from ptlearn_tui.events import Stdout
from ptlearn_tui.kernel.client import Server

server = Server()
server.start()
print(server._process.pid, flush=True)

def run(source, sign, memory):
    kernel = server.kernel(memory=memory)
    processes = f"{psutil.Process(kernel.pid).ppid()} {kernel.pid}"
    seen = ""
    for event in kernel.run(0, source):
        if isinstance(event, Stdout) and processes:
            seen += event.text
            if sign in seen:
                os.write(1, f"{processes}\\n".encode())
                processes = ""

for cell in msgspec.json.decode(sys.stdin.read()):
    threading.Thread(target=run, args=cell).start()
threading.Event().wait()
"""


def gone(pid: int) -> bool:
    """Wait until a process runs no more (nobody need have buried it)."""
    try:
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            pass
    except psutil.NoSuchProcess:
        pass
    return True


@pytest.mark.parametrize("first", range(0, len(ROWS), 8), ids=lambda first: f"{first} to {first + 7}")
def test_sigkill_of_the_dashboard_during_hostile_cells_leaves_nothing(fifo: Fifo, first: int) -> None:
    rows = ROWS[first : first + 8]  # of the table: torch is imported once for all of them
    cells = [(HELD.format(fifo=fifo.path) + row.source, row.sign or "started", MEMORY) for row in rows]
    dashboard = subprocess.Popen(
        [sys.executable, "-c", DASHBOARD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert dashboard.stdin
    assert dashboard.stdout
    processes = [int(dashboard.stdout.readline())]
    dashboard.stdin.write(json.dumps(cells))
    dashboard.stdin.close()
    for _ in rows:
        processes += map(int, dashboard.stdout.readline().split())
    dashboard.kill()
    dashboard.wait()
    dashboard.stdout.close()
    assert fifo.ended()
    assert len(processes) == 1 + 2 * len(rows), "the server, keepers, kernels"
    assert all(gone(pid) for pid in processes)


def test_a_server_that_is_still_importing_ends_with_the_dashboard() -> None:
    dashboard = subprocess.Popen(
        [sys.executable, "-c", DASHBOARD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert dashboard.stdout
    server = int(dashboard.stdout.readline())
    with dashboard:  # closes the pipes
        dashboard.kill()
    assert gone(server)
