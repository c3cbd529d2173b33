"""A progress bar for bytes that are fetched or unpacked: one line on a terminal, drawn over; nothing elsewhere."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, TextIO

from ptlearn_tui.cli.meanwhile import can_draw_over
from ptlearn_tui.cli.run_lines import cells
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE = 1.0
"""Seconds that work may take before a bar is drawn."""

EVERY = 0.1
"""Seconds between two drawings."""

MB = 1_000_000


class Bar:
    """Writes to `out`; use as a context manager."""

    def __init__(
        self,
        out: TextIO,
        *,
        ascii_only: bool,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out
        self.live = can_draw_over(out, environment)
        encoding = (out.encoding or "ascii").lower()
        self._full, self._empty = "=-" if ascii_only or not encoding.startswith("utf") else "━─"
        self._clock = clock
        self._next = clock() + PATIENCE
        self._what, self._total, self._done = "", None, 0

    _total: int | None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self._out.write("\r\x1b[K")  # also what torchvision has drawn
            self._out.flush()

    def begin(self, what: str, total: int | None) -> None:
        """Bytes of `what` are on their way; how many, if that is known."""
        self._what, self._total, self._done = what, total, 0

    def add(self, count: int) -> None:
        """So many more have come."""
        self._done += count
        if self.live and self._clock() >= self._next:
            self._next = self._clock() + EVERY
            self._out.write(f"\r\x1b[K{self.line(shutil.get_terminal_size().columns - 1)}")
            self._out.flush()

    def line(self, columns: int) -> str:
        """What is drawn, that wide at most: a line that wraps can't be drawn over."""
        done = f"{self._done / MB:.1f}"
        if not self._total:
            line = f"{self._what}  " + t("{done} MB", done=done)
        else:
            share = min(1.0, self._done / self._total)
            tail = t("{done} of {total} MB", done=done, total=f"{self._total / MB:.1f}")
            tail = f"{share:4.0%}".replace("%", " %") + f"  {tail}"
            room = min(32, columns - cells(self._what) - cells(tail) - 4)
            full = round(share * room)
            bar = f"{self._full * full}{self._empty * (room - full)}  " if room >= 4 else ""
            line = f"{self._what}  {bar}{tail}"
        while cells(line) > columns:
            line = line[:-1]
        return line
