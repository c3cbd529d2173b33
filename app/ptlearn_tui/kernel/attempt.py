"""An answer to an exercise, checked in a fresh kernel that is gone afterwards: a loop without end is a failure."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ptlearn_tui.kernel.limits import memory_for_cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ptlearn_tui.events import AnyEvent
    from ptlearn_tui.kernel.client import Server

LIMIT = 10.0  # seconds; the solutions take one at most
GRACE = 1.0  # seconds that an interrupted answer has before its kernel is killed


def attempt(server: Server, source: str, checks: Path, *, seed: int, limit: float = LIMIT) -> Iterator[AnyEvent]:
    """The events of the answer's run: what it prints, `Check`, `Failing`, `Error`; the last is always `Done`.

    `checks` is the exercise's check.py. Raises `KernelError` if no kernel could be started.
    """
    kernel = server.kernel(memory=memory_for_cells())
    alarms = [threading.Timer(limit, kernel.interrupt), threading.Timer(limit + GRACE, kernel.kill)]
    try:
        for alarm in alarms:
            alarm.daemon = True
            alarm.start()
        yield from kernel.examine(source, checks, seed)
    finally:
        for alarm in alarms:
            alarm.cancel()
        kernel.kill()
