"""An answer to an exercise, checked in a fresh kernel that is gone afterwards: a loop without end is a failure."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ptlearn_tui.kernel.limits import memory_for_cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ptlearn_tui.events import AnyEvent
    from ptlearn_tui.kernel.client import Kernel, Server

LIMIT = 10.0  # seconds; the solutions take one at most
GRACE = 1.0  # seconds that an interrupted answer has before its kernel is killed


class Attempt:
    """One try. `checks` is the exercise's check.py, `seed` what its random inputs begin with."""

    def __init__(self, source: str, checks: Path, *, seed: int, limit: float = LIMIT) -> None:
        self.source, self.checks, self.seed, self.limit = source, checks, seed, limit
        self._kernel: Kernel | None = None

    def run(self, server: Server) -> Iterator[AnyEvent]:
        """What it prints, `Check`, `Failing`, `Error`; the last is always `Done`. Raises `KernelError`."""
        kernel = self._kernel = server.kernel(memory=memory_for_cells())
        alarms = [threading.Timer(self.limit, kernel.interrupt), threading.Timer(self.limit + GRACE, kernel.kill)]
        try:
            for alarm in alarms:
                alarm.daemon = True
                alarm.start()
            yield from kernel.examine(self.source, self.checks, self.seed)
        finally:
            for alarm in alarms:
                alarm.cancel()
            kernel.kill()

    def stop(self) -> None:
        """Nobody waits for it any more."""
        if self._kernel is not None:
            self._kernel.kill()
