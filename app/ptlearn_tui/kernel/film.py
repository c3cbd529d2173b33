"""Films of a cell's backward() calls, where the learner has asked for them: the first of each line."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

from ptlearn_tui.introspect.film import Recorder
from ptlearn_tui.kernel.frames import filename

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from ptlearn_tui.events import Event
    from ptlearn_tui.introspect.autograd import Reader

FILMS = 8  # of one cell


class Films:
    """Records, one backward() at a time."""

    def __init__(self, cell: int, emit: Callable[[Event], None], reader: Callable[[], Reader]) -> None:
        self._cell = cell
        self._emit = emit
        self._reader = reader
        self._made = 0
        self._now: tuple[Recorder, str, tuple[int, int]] | None = None

    def start(self, name: str, root: torch.Tensor, where: tuple[int, int]) -> None:
        """`root`, called `name`, is about to be differentiated."""
        self.stop()
        if self._made < FILMS and root.grad_fn is not None:
            self._made += 1
            self._now = Recorder(root, self._reader(), jacobian=not self._hooks()), name, where

    def ended(self) -> None:
        """It has been."""
        if self._now is not None:
            recorder, name, (cell, line) = self._now
            self.stop()
            self._emit(recorder.film(name, line, self._cell, cell if cell >= 0 else self._cell))

    def stop(self) -> None:
        """It is over, in whatever way: a backward() that raised is no film."""
        if self._now is not None:
            self._now[0].stop()
            self._now = None

    def _hooks(self) -> bool:
        """Whether cells so far speak of hooks (`retain_grad` is one): differentiating beforehand would run them."""
        sources = ("".join(linecache.getlines(filename(cell))) for cell in range(self._cell + 1))
        return any("hook" in source or "retain_grad" in source for source in sources)
