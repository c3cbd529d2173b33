"""What a cell's ``backward()`` calls tell: the loss, the graph while it still has what it kept, and where it went."""

from __future__ import annotations

import time
import weakref
from _thread import get_ident
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptlearn_tui.introspect.autograd import leaves
from ptlearn_tui.introspect.training import Losses
from ptlearn_tui.kernel.frames import cell_of
from ptlearn_tui.kernel.watch import stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType

    import torch

    from ptlearn_tui.events import Event
    from ptlearn_tui.introspect.training import Series
    from ptlearn_tui.kernel.marks import Marks
    from ptlearn_tui.kernel.syntax import BackwardCall
    from ptlearn_tui.kernel.watch import Watch

PACE = 1.0  # seconds between two looks at the same backward() in a loop: one takes some 2 ms

Where = tuple[int, int]  # the cell and line of a call


@dataclass(slots=True)
class _CallSite:
    """A call of backward() in a cell."""

    where: Where
    codes: list[CodeType] = field(default_factory=list)  # kept, so that no other gets their ids
    series: Series | None = None
    seen: bool = False
    due: float = 0.0  # when it is looked at again


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
        self._losses = Losses(emit, cell)
        self._owner = get_ident()
        self._sites: dict[tuple[int, int], _CallSite] = {}  # by code object and instruction: asking for a line is slow
        self._by_line: dict[Where, _CallSite] = {}

    def before(self, root: torch.Tensor, loss: torch.Tensor | None, caller: FrameType) -> Any:
        """It is about to run. Most calls in a loop only leave their loss."""
        site = self._sites.get((id(caller.f_code), caller.f_lasti)) or self._site(caller)
        now = self._clock()
        if loss is not None:
            if site.series is None:
                site.series = self._losses.series(self._name_of_loss(site.where))
            self._losses.add(site.series, loss, now)
        if now < site.due or (now < site.due + PACE and site.seen and not self._marks.is_live()):
            return None  # a loop that rests has turns with marks, and only they know their lines
        try:
            return self._look(site, root, self._name_of_root(site.where, loss is not None), now)
        except Exception:  # whatever a library made of its tensors: the learner's backward() comes first
            return None

    def _look(self, site: _CallSite, root: torch.Tensor, name: str, now: float) -> Any:
        again, site.seen, site.due = site.seen, True, now + PACE
        self._watch.in_backward = True
        self._watch.tell_graph(name, root, site.where[1])
        if again and self._watch.compound:
            self._watch.refresh(name, root)
        return site.where, [(leaf, stamp_of(leaf)) for leaf in leaves(root)]

    def _site(self, caller: FrameType) -> _CallSite:
        where = _where(caller)
        site = self._by_line.setdefault(where, _CallSite(where))
        if cell_of(caller.f_code.co_filename) is not None:  # a library's frame says nothing of who called it
            site.codes.append(caller.f_code)
            self._sites[id(caller.f_code), caller.f_lasti] = site
        return site

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

    def track(self, values: Mapping[str, object]) -> None:
        """The cell has called ``track()``. A thread of its own may, too, but its points would have no order."""
        if get_ident() == self._owner:
            now = self._clock()
            for name, value in values.items():
                self._losses.track(name, value, now)

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
