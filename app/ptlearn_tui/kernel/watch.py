"""After each top-level statement: cards of the tensors it bound or changed, and the graphs behind them.

`backward()` is looked at from the inside, while the graph still has what it kept, and in a loop once a second.
"""

from __future__ import annotations

import time
import weakref
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ptlearn_tui.events import Event, Graph, Tensor, Tensors
from ptlearn_tui.introspect import autograd
from ptlearn_tui.introspect.names import Names, Place
from ptlearn_tui.introspect.storages import Storages
from ptlearn_tui.introspect.tensors import card, members
from ptlearn_tui.introspect.training import Losses
from ptlearn_tui.kernel.tracebacks import cell_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import FrameType

    from ptlearn_tui.kernel.instrument import BackwardCall
    from ptlearn_tui.kernel.lines import Lines
    from ptlearn_tui.kernel.marks import Marks

PACE = 1.0  # seconds between two looks at the same backward() in a loop
CARDS = 32  # of one statement
WATCHED = 64  # tensors that are asked after every statement whether they have changed
NODES = 20_000  # of all graphs of a cell; what is bound after that is told at its end
LAST = 8  # graphs that are told then


class Stamp(NamedTuple):
    """What changes when a tensor or its gradient does. Ids, so that nothing is kept alive."""

    tensor: int
    version: int
    grad: int
    grad_version: int


class Memory:
    """What outlives a cell: the names of leaves, the numbers of storages."""

    def __init__(self) -> None:
        self.names = Names()
        self.storages = Storages()


class Watch:
    """Looks at one cell's tensors; an `Observer` of its backward() calls."""

    def __init__(
        self,
        cell: int,
        namespace: dict[str, Any],
        emit: Callable[[Event], None],
        memory: Memory,
        marks: Marks,
        lines: Lines,
        calls: Mapping[tuple[int, int], BackwardCall],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._cell = cell
        self._namespace = namespace
        self._emit = emit
        self._memory = memory
        self._marks = marks
        self._lines = lines
        self._calls = calls
        self._clock = clock
        self._losses = Losses(emit, cell)
        self._seen_at: dict[tuple[int, int], float] = {}  # backward() -> when it was looked at last
        self._moved: dict[int, weakref.ref[torch.Tensor]] = {}  # by this statement, leaves with a new gradient
        self._bound_at: dict[str, int] = {}  # name -> line of this cell
        self._stamps: dict[str, Stamp] = {}
        self._nodes = 0
        self._late: dict[str, int] = {}  # names whose graph is told at the end -> line
        self._last_graph: tuple[str, int] | None = None  # root, sequence number
        self._statement: tuple[int, list[str]] = (0, [])
        self._compound = False  # it holds other statements
        self._looked = False  # it has called backward()
        for name, tensor in self._watched():
            self._stamps[name] = _stamp(tensor)

    # ---- after a statement -------------------------------------------------------------------------------------

    def statement(self, line: int, names: list[str], compound: bool) -> None:
        """A top-level statement begins that binds `names`."""
        self._statement = (line, names)
        self._compound = compound
        self._looked = False

    def ended(self, binders: Mapping[str, int]) -> None:
        """It has ended. `binders`: for names that are bound deep inside it, the lines."""
        line, names = self._statement
        for name in names:
            self._bound_at[name] = binders.get(name, line)
            value = self._namespace.get(name)
            for inner, tensor in members(name, value):
                if not isinstance(value, torch.nn.Module):
                    self._memory.names.note(inner, tensor, Place(self._cell, self._bound_at[name]))
            self._memory.names.note(name, value, Place(self._cell, self._bound_at[name]))
        items = self._cards(names)
        if items:
            self._emit(Tensors(cell=self._cell, line=line, items=items))
        if not (self._compound and self._looked):  # backward() has freed what these graphs kept, and told its own
            for name in names:
                self._graph_of(name, self._bound_at[name])
        self._moved.clear()

    def end(self) -> None:
        """The cell has ended, in whatever way."""
        self._losses.flush()
        for name, line in list(self._late.items())[-LAST:]:
            value = self._namespace.get(name)
            if isinstance(value, torch.Tensor):
                self._tell_graph(name, value, line)

    def _cards(self, names: Iterable[str]) -> list[Tensor]:
        """Cards of what was bound, then of what changed: in place, by an optimizer, or by a gradient."""
        wanted: dict[str, torch.Tensor] = {}
        for name in names:
            wanted.update(members(name, self._namespace.get(name)))
        name_of = self._memory.names.reader(self._namespace)
        shown = {id(tensor) for tensor in wanted.values()}
        for name, tensor in self._watched():
            stamp = _stamp(tensor)
            if self._stamps.get(name) != stamp:
                self._stamps[name] = stamp
                if id(tensor) not in shown:
                    wanted[name] = tensor
                    shown.add(id(tensor))
        for reference in self._moved.values():
            leaf = reference()
            if leaf is not None and id(leaf) not in shown:
                named = name_of(leaf)
                wanted[named.name if named else "?"] = leaf
        return [self._card(name, tensor) for name, tensor in islice(wanted.items(), CARDS)]

    def _card(self, name: str, tensor: torch.Tensor) -> Tensor:
        root = name.partition(".")[0].partition("[")[0]
        line = self._bound_at.get(name) or self._bound_at.get(root) or self._statement[0]
        had_grad = self._memory.names.saw_grad(tensor)
        return card(name, tensor, line, self._memory.storages, had_grad=had_grad)

    def _watched(self) -> list[tuple[str, torch.Tensor]]:
        """The newest tensors of the namespace, and the parameters of its modules."""
        found: list[tuple[str, torch.Tensor]] = []
        for name, value in reversed(list(self._namespace.items())):
            if isinstance(value, torch.Tensor | torch.nn.Module) and not name.startswith("_"):
                found += members(name, value)
                if len(found) >= WATCHED:
                    break
        return found

    # ---- graphs ------------------------------------------------------------------------------------------------

    def _graph_of(self, name: str, line: int) -> None:
        value = self._namespace.get(name)
        if not isinstance(value, torch.Tensor) or value.grad_fn is None:
            return
        if self._nodes > NODES:
            self._late.pop(name, None)
            self._late[name] = line
        else:
            self._tell_graph(name, value, line)

    def _tell_graph(self, name: str, tensor: torch.Tensor, line: int) -> None:
        if tensor.grad_fn is None or self._last_graph == (name, tensor.grad_fn._sequence_nr()):
            return
        told = self._graph(name, tensor, line)
        if told is not None:
            self._nodes += len(told.nodes) + told.left_out
            self._last_graph = (name, tensor.grad_fn._sequence_nr())
            self._emit(told)

    def _graph(self, name: str, tensor: torch.Tensor, line: int) -> Graph | None:
        def place_of(number: int) -> Place | None:
            site = self._marks.place(number)
            return Place(site.cell, site.line) if site is not None else None

        name_of = self._memory.names.reader(self._namespace)
        return autograd.graph(name, tensor, line, cell=self._cell, name_of=name_of, place_of=place_of)

    # ---- backward() --------------------------------------------------------------------------------------------

    def before(self, root: torch.Tensor, loss: torch.Tensor | None, caller: FrameType) -> Any:
        """`backward()` is about to run: the graph still has what it kept."""
        cell, line = where = _where(caller)
        call = self._calls.get(where)
        name = "loss" if call is None else call.argument if loss is not None and call.argument else call.receiver
        if loss is not None:
            self._losses.add(where, name if name.replace(".", "_").isidentifier() else "loss", loss)
        now = self._clock()
        last = self._seen_at.get(where)
        if last is not None and now - last < PACE:
            return None
        self._seen_at[where] = now
        self._looked = True
        if cell == self._cell:
            self._tell_graph(name, root, line)
        leaves = autograd.leaves(root)
        if last is not None and self._compound:
            self._refresh(name, root)
        return where, [(leaf, _stamp(leaf)) for leaf in leaves]

    def after(self, token: Any) -> None:
        """It has run: which leaves have a new gradient?"""
        where, leaves = token
        moved = [leaf for leaf, stamp in leaves if _stamp(leaf) != stamp]
        self._moved.update((id(leaf), weakref.ref(leaf)) for leaf in moved)
        if len(moved) == 1:
            named = self._memory.names.reader(self._namespace)(moved[0])
            self._lines.reached[where] = f"→ {named.name}.grad" if named else "→ 1 grad"
        elif moved:
            self._lines.reached[where] = f"→ {len(moved)} grads"

    def _refresh(self, name: str, root: torch.Tensor) -> None:
        line, names = self._statement
        items = [self._card(name, root)]
        shown = {id(root)}
        for other in names:
            for inner, tensor in members(other, self._namespace.get(other)):
                if id(tensor) not in shown and len(items) < CARDS:
                    shown.add(id(tensor))
                    items.append(self._card(inner, tensor))
        self._emit(Tensors(cell=self._cell, line=line, items=items))


def _where(frame: FrameType | None) -> tuple[int, int]:
    """The line of a cell that called, from however deep in a library; else the library's own, in no cell (-1)."""
    outermost = frame
    for _ in range(40):
        if frame is None:
            break
        cell = cell_of(frame.f_code.co_filename)
        if cell is not None:
            return cell, frame.f_lineno
        frame = frame.f_back
    return -1, outermost.f_lineno if outermost is not None else 0


def _stamp(tensor: torch.Tensor) -> Stamp:
    grad = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
    return Stamp(id(tensor), _version(tensor), id(grad), _version(grad))


def _version(tensor: torch.Tensor | None) -> int:
    try:
        return -1 if tensor is None else tensor._version
    except RuntimeError:  # an inference tensor keeps no count
        return -1
