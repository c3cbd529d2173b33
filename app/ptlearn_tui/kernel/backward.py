"""What a cell's ``backward()`` calls tell: the loss, the graph while it still has what it kept, and where it went."""

from __future__ import annotations

import time
import weakref
from _thread import get_ident
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from ptlearn_tui.events import Advice
from ptlearn_tui.introspect.autograd import leaves
from ptlearn_tui.introspect.curves import Curves, reader
from ptlearn_tui.introspect.training import CallSite, rates_of
from ptlearn_tui.introspect.traps import Traps
from ptlearn_tui.kernel.frames import cell_of, filename
from ptlearn_tui.kernel.watch import stamp_of
from ptlearn_tui.locale.explained import in_english

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType

    import torch

    from ptlearn_tui.events import Event
    from ptlearn_tui.introspect.curves import Give, Series
    from ptlearn_tui.kernel.film import Films
    from ptlearn_tui.kernel.marks import Marks
    from ptlearn_tui.kernel.syntax import BackwardCall
    from ptlearn_tui.kernel.watch import Watch

PACE = 1.0  # seconds between two looks at the same backward() in a loop: one takes some 2 ms

Where = tuple[int, int]  # the cell and line of a call


@dataclass(slots=True, kw_only=True)
class _CallSite(CallSite):
    """A call of backward() in a cell. Due when there is anything to do but to write down its loss."""

    where: Where
    series: Series | None = None
    codes: list[CodeType] = field(default_factory=list)  # kept, so that no other gets their ids
    seen: bool = False
    look: float = 0.0  # when it is looked at again


class Backward:
    """Sees the backward() calls and the optimizers of one cell (an `introspect.training.Observer`)."""

    def __init__(
        self,
        cell: int,
        give: Give,
        watch: Watch,
        marks: Marks,
        calls: Mapping[Where, BackwardCall],
        clock: Callable[[], float] = time.perf_counter,
        *,
        films: Films | None = None,
        traps: Traps | None = None,
    ) -> None:
        self._films = films
        self._traps = traps
        self.clock = clock
        self.sites: dict[tuple[int, int], _CallSite] = {}  # by code object and instruction: asking for a line is slow
        self.reached: dict[Where, str] = {}  # a call -> "→ x.grad"
        self._cell = cell
        self._watch = watch
        self._calls = calls
        self._marks = marks
        self._curves = Curves(give, cell)
        self.stepped = rates_of(self._curves, clock)
        self._owner = get_ident()
        self._by_line: dict[Where, _CallSite] = {}

    def before(self, root: torch.Tensor, loss: torch.Tensor | None, caller: FrameType) -> Any:
        """It is about to run. Most calls in a loop only leave their loss."""
        site = self.sites.get((id(caller.f_code), caller.f_lasti)) or self._site(caller)
        now = self.clock()
        traps = self._traps
        trapped = traps.before(root, loss, site.where, caller) if traps is not None and traps.open else None
        if loss is not None:
            if site.series is None:
                site.series = self._curves.series(self._name_of_loss(site.where))
                site.add = site.series.waiting.append
                if traps is not None:
                    site.series.heard = partial(traps.losses, site.series.name, site.where)
            self._curves.add(site.series, loss, now)
            site.read = reader(loss) or site.read
        try:
            # A loop that rests has turns with marks, and only they know their lines.
            if now >= site.look and (not site.seen or now >= site.look + PACE or self._marks.is_live()):
                return self._look(site, root, self._name_of_root(site.where, loss is not None), now), trapped
        except Exception:  # whatever a library made of its tensors: the learner's backward() comes first
            pass
        finally:
            site.due = min(self._curves.due, site.look + PACE) if site.series is not None else now
            if traps is not None and traps.open:
                site.due = now
        return None if trapped is None else (None, trapped)

    def opened(self) -> None:
        """A turn with marks begins: a call that is to be looked at is looked at in it."""
        for site in self._by_line.values():
            site.due = min(site.due, site.look)

    def _look(self, site: _CallSite, root: torch.Tensor, name: str, now: float) -> Any:
        again, site.seen, site.look = site.seen, True, now + PACE
        self._watch.in_backward = True
        self._watch.tell_graph(name, root, site.where[1])
        if again and self._watch.compound:
            self._watch.refresh(name, root)
        stamped = [(leaf, stamp_of(leaf)) for leaf in leaves(root)]
        if self._films is not None and not again:
            self._films.start(name, root, site.where)
        return site.where, stamped

    def _site(self, caller: FrameType) -> _CallSite:
        where = place_of(caller)
        site = self._by_line.setdefault(where, _CallSite(where=where))
        if cell_of(caller.f_code.co_filename) is not None:  # a library's frame says nothing of who called it
            site.codes.append(caller.f_code)
            self.sites[id(caller.f_code), caller.f_lasti] = site
        return site

    def after(self, token: Any) -> None:
        """It has run: which leaves have a new gradient?"""
        looked, trapped = token
        if trapped is not None and self._traps is not None:
            self._traps.after(trapped)
        if looked is None:
            return
        where, stamped = looked
        if self._films is not None:
            self._films.ended()
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
            now = self.clock()
            for name, value in values.items():
                self._curves.track(name, value, now)

    def end(self) -> None:
        """The cell has ended: give out the points that wait."""
        self._curves.flush()
        if self._films is not None:
            self._films.stop()

    def _name_of_root(self, where: Where, alone: bool) -> str:
        """What is differentiated. ``accelerator.backward(loss)``: alone, with an argument, it is the argument."""
        call = self._calls.get(where)
        if call is None:
            return "loss"
        return call.argument if alone and call.argument else call.receiver

    def _name_of_loss(self, where: Where) -> str:
        name = self._name_of_root(where, alone=True)
        return name if name.replace(".", "_").isidentifier() else "loss"


def place_of(frame: FrameType | None) -> Where:
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


def traps_of(cell: int, source: str, emit: Callable[[Event], None], watch: Watch) -> Traps:
    """The rules for one cell: each trap goes out as advice."""

    def tell(code: str, where: tuple[int, int], facts: dict[str, str]) -> None:
        emit(
            Advice(
                cell=cell,
                code=code,
                line=where[1],
                line_cell=UNSET if where[0] == cell else where[0],
                message=in_english(code, facts) or code,
                facts=facts,
            )
        )

    def name_of(tensor: torch.Tensor) -> str | None:
        named = watch.name_of(tensor)
        return named.name if named is not None else None

    return Traps(tell, place_of, name_of, source, filename(cell))
