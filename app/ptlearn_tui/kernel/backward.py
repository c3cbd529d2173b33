"""What a cell's ``backward()`` calls tell: the loss, the graph while it still has what it kept, and where it went."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any

from ptlearn_tui.introspect.autograd import leaves
from ptlearn_tui.introspect.training import Losses
from ptlearn_tui.kernel.tracebacks import cell_of
from ptlearn_tui.kernel.watch import stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    import torch

    from ptlearn_tui.events import Event
    from ptlearn_tui.kernel.marks import Marks
    from ptlearn_tui.kernel.syntax import BackwardCall
    from ptlearn_tui.kernel.watch import Watch

PACE = 1.0  # seconds between two looks at the same backward() in a loop: one takes some 2 ms

Where = tuple[int, int]  # the cell and line of a call


class Backward:
    """Sees the backward() calls of one cell (an `introspect.training.Observer`)."""

    def __init__(
        self,
        cell: int,
        emit: Callable[[Event], None],
        watch: Watch,
        marks: Marks,
        calls: Mapping[Where, BackwardCall],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.reached: dict[Where, str] = {}  # a call -> "→ x.grad"
        self._cell = cell
        self._watch = watch
        self._calls = calls
        self._marks = marks
        self._clock = clock
        self._losses = Losses(emit, cell, self._name_of_loss)
        self._seen: dict[Where, float] = {}  # when a call was looked at last

    def before(self, root: torch.Tensor, loss: torch.Tensor | None, caller: FrameType) -> Any:
        """It is about to run. Most calls in a loop only leave their loss."""
        where = _where(caller)
        if loss is not None:
            self._losses.add(where, loss)
        now = self._clock()
        last = self._seen.get(where)
        if last is not None and now - last < (PACE if self._marks.is_live() else 2 * PACE):
            return None  # a loop that rests has turns with marks, and only they know their lines
        self._seen[where] = now
        name = self._name_of_root(where, loss is not None)
        self._watch.in_backward = True
        self._watch.tell_graph(name, root, where[1])
        if last is not None and self._watch.compound:
            self._watch.refresh(name, root)
        return where, [(leaf, stamp_of(leaf)) for leaf in leaves(root)]

    def after(self, token: Any) -> None:
        """It has run: which leaves have a new gradient?"""
        where, stamped = token
        moved = [leaf for leaf, stamp in stamped if stamp_of(leaf) != stamp]
        self._watch.moved.update((id(leaf), weakref.ref(leaf)) for leaf in moved)
        named = self._watch.name_of(moved[0]) if len(moved) == 1 else None
        if named is not None:
            self.reached[where] = f"→ {named.name}.grad"
        elif moved:
            self.reached[where] = "→ 1 grad" if len(moved) == 1 else f"→ {len(moved)} grads"

    def end(self) -> None:
        """The cell has ended: give out the losses that wait."""
        self._losses.flush()

    def _name_of_root(self, where: Where, alone: bool) -> str:
        """What is differentiated. ``accelerator.backward(loss)``: alone, with an argument, it is the argument."""
        call = self._calls.get(where)
        if call is None:
            return "loss"
        return call.argument if alone and call.argument else call.receiver

    def _name_of_loss(self, where: Where) -> str:
        name = self._name_of_root(where, alone=True)
        return name if name.replace(".", "_").isidentifier() else "loss"


def _where(frame: FrameType | None) -> Where:
    """The line of a cell that called, from however deep in a library; else (-1, a line of the library)."""
    outermost = frame.f_lineno if frame is not None else 0
    for _ in range(40):
        if frame is None:
            break
        cell = cell_of(frame.f_code.co_filename)
        if cell is not None:
            return cell, frame.f_lineno
        frame = frame.f_back
    return -1, outermost
