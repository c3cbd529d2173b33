"""After each top-level statement: cards of the tensors it bound or changed, and the graphs behind them."""

from __future__ import annotations

import linecache
import weakref
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import torch

from ptlearn_tui.events import Event, Graph, Tensor, Tensors, Was
from ptlearn_tui.introspect import autograd
from ptlearn_tui.introspect.arrays import array_view
from ptlearn_tui.introspect.groups import ALONE, MOST, is_array, members
from ptlearn_tui.introspect.names import Named, Names, Place
from ptlearn_tui.introspect.no_graph import no_graphs
from ptlearn_tui.introspect.statistics import fingerprint
from ptlearn_tui.introspect.storages import Storages
from ptlearn_tui.introspect.tensors import Wanted, cards
from ptlearn_tui.introspect.values import aside, plain
from ptlearn_tui.kernel.frames import filename

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ptlearn_tui.kernel.marks import Marks

CARDS = 32  # of one statement
WATCHED = 64  # tensors that are asked after every statement whether they have changed
NODES = 20_000  # of all graphs of a cell; what is bound after that is told at its end
LAST = 8  # graphs that are told then


class Memory:
    """What outlives a cell: the names of leaves, the numbers of storages, what was told of each variable last."""

    def __init__(self) -> None:
        self.names = Names()
        self.storages = Storages()
        self.told: dict[str, Told] = {}


class Watch:
    """Looks at one cell's tensors."""

    def __init__(
        self,
        cell: int,
        namespace: dict[str, Any],
        emit: Callable[[Event], None],
        memory: Memory,
        marks: Marks,
    ) -> None:
        self._cell = cell
        self._namespace = namespace
        self._emit = emit
        self._memory = memory
        self._marks = marks
        self.moved: dict[int, weakref.ref[torch.Tensor]] = {}  # leaves to which this statement gave a new gradient
        self.in_backward = False  # this statement has called backward(), and its graph has been told
        self.compound = False  # it holds other statements
        self._bound_at: dict[str, int] = {}  # name -> line of this cell
        self._stamps: dict[str, Stamp] = {}
        self._told: dict[str, Told] = {}  # by this cell
        self._nodes = 0
        self._late: dict[str, int] = {}  # names whose graph is told at the end -> line
        self._last_graph: tuple[str, int] | None = None  # root, sequence number
        self._statement: tuple[int, list[str]] = (0, [])
        for name, tensor in self._watched():
            if not is_array(tensor):
                self._stamps[name] = stamp_of(tensor)

    @property
    def bound_at(self) -> dict[str, int]:
        """Names that this cell has bound -> lines."""
        return self._bound_at

    # ---- after a statement -------------------------------------------------------------------------------------

    def statement(self, line: int, names: list[str], compound: bool) -> None:
        """A top-level statement begins that binds `names`."""
        self._statement = (line, names)
        self.compound = compound
        self.in_backward = False

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
        if not (self.compound and self.in_backward):  # backward() has freed what these graphs kept, and told its own
            for name in names:
                self._graph_of(name, self._bound_at[name])
        self.moved.clear()

    def glance(self, line: int, names: list[str]) -> None:
        """In the midst of a statement: the cards and graphs of what has changed since."""
        outer, compound = self._statement, self.compound
        self.statement(line, names, compound=False)
        self.ended({})
        self._statement, self.compound = outer, compound

    def end(self) -> None:
        """The cell has ended, in whatever way."""
        for name, line in list(self._late.items())[-LAST:]:
            value = self._namespace.get(name)
            if isinstance(value, torch.Tensor):
                self.tell_graph(name, value, line)
        try:
            if self._last_graph is None:
                source = "".join(linecache.getlines(filename(self._cell)))
                for why in no_graphs(self._cell, source, self._bound_at, self._namespace):
                    self._emit(why)
            self._end_of_cards()
        except Exception:  # no memory for a look, say: the cell has ended all the same
            pass

    def _end_of_cards(self) -> None:
        """What has changed with nobody counting, through `.data` or NumPy; then all that was told is of a former cell.

        Nobody knows on which line: line 0.
        """
        memory, here = self._memory, dict(self._watched())
        memory.told.update(self._told)
        memory.told = {name: told for name, told in memory.told.items() if told.still(here.get(name))}
        unsure = [name for name, told in reversed(memory.told.items()) if told.may_differ(here[name])][:CARDS]
        wanted = [Wanted(name, here[name], 0, root=self._root(name)) for name in unsure]
        items = [item for item in self._describe(wanted, memory.told) if item.was is not None]
        if items:
            self._emit(Tensors(cell=self._cell, line=self._statement[0], items=items))
            memory.told.update(self._told)

    def _cards(self, names: Iterable[str]) -> list[Tensor]:
        """Cards of what was bound, then of what changed: in place, by an optimizer, or by a gradient."""
        wanted: dict[str, Any] = {}
        for name in names:
            wanted.update(members(name, self._namespace.get(name)))
        shown = {id(tensor) for tensor in wanted.values()}
        watched = self._watched()
        for name, tensor in watched:
            if is_array(tensor):
                continue
            stamp = stamp_of(tensor)
            if self._stamps.get(name) != stamp:
                self._stamps[name] = stamp
                if id(tensor) not in shown:
                    wanted[name] = tensor
                    shown.add(id(tensor))
        for reference in self.moved.values():
            leaf = reference()
            if leaf is not None and id(leaf) not in shown:
                named = self.name_of(leaf)
                wanted[named.name if named else "?"] = leaf
        return self._describe([self._wanted(*each) for each in islice(wanted.items(), CARDS)], living=dict(watched))

    def _describe(
        self, wanted: list[Wanted], before: Mapping[str, Told] | None = None, living: Mapping[str, Any] | None = None
    ) -> list[Tensor]:
        """The cards; each says what it was `before` (in the last cell), if it was something else."""
        before = self._memory.told if before is None else before
        items = cards(wanted, self._memory.storages, living=living) if wanted else []
        for index, (each, item) in enumerate(zip(wanted, items, strict=True)):
            told = before.get(item.name)
            was = told.was(each.value, item) if told is not None else None
            if was is not None:
                items[index] = msgspec.structs.replace(item, was=was)
            self._told[item.name] = Told(each.value, item)
        return items

    def _wanted(self, name: str, tensor: Any) -> Wanted:
        root = name.partition(".")[0].partition("[")[0]
        line = self._bound_at.get(name) or self._bound_at.get(root) or self._statement[0]
        had_grad = isinstance(tensor, torch.Tensor) and self._memory.names.saw_grad(tensor)
        return Wanted(name, tensor, line, had_grad, self._root(name))

    def _root(self, name: str) -> object:
        """The module, list or dict that a name leads through."""
        root = name.partition(".")[0].partition("[")[0]
        return self._namespace.get(root) if root != name else None

    def _watched(self) -> list[tuple[str, Any]]:
        """The newest tensors and arrays of the namespace, and those in its modules, lists, tuples and dicts."""
        found: list[tuple[str, Any]] = []
        for name, value in islice(reversed(self._namespace.items()), 8 * WATCHED):
            if type(value) not in ALONE and not name.startswith("_"):
                found += members(name, value, looked_at=MOST)
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
            self.tell_graph(name, value, line)

    def tell_graph(self, name: str, tensor: torch.Tensor, line: int) -> None:
        """The graph behind a tensor, unless it is the one that was told last."""
        if tensor.grad_fn is None or self._last_graph == (name, tensor.grad_fn._sequence_nr()):
            return
        try:
            told = self._graph(name, tensor, line)
        except Exception:  # nodes of a kind that PyTorch does not let us ask: no graph is better than no cell
            return
        if told is not None:
            self._nodes += len(told.nodes) + told.left_out
            self._last_graph = (name, tensor.grad_fn._sequence_nr())
            self._emit(told)

    def _graph(self, name: str, tensor: torch.Tensor, line: int) -> Graph | None:
        return autograd.graph(name, tensor, line, self.reader(), whole=self._nodes <= NODES)

    def reader(self) -> autograd.Reader:
        """Reads nodes, as long as nothing is bound anew."""

        def place_of(number: int) -> Place | None:
            site = self._marks.place(number)
            return Place(site.cell, site.line) if site is not None else None

        return autograd.Reader(self._cell, self._memory.names.reader(self._namespace), place_of)

    def name_of(self, leaf: torch.Tensor) -> Named | None:
        """What the learner calls a leaf."""
        return self._memory.names.reader(self._namespace)(leaf)

    def refresh(self, root_name: str, root: torch.Tensor) -> None:
        """While a loop runs: the cards of its loss and of the globals that it binds."""
        line, names = self._statement
        wanted = {root_name: root}
        for name in names:
            wanted.update(members(name, self._namespace.get(name)))
        unique = {id(tensor): (name, tensor) for name, tensor in reversed(wanted.items())}
        items = self._describe([self._wanted(*named) for named in islice(reversed(unique.values()), CARDS)])
        self._emit(Tensors(cell=self._cell, line=line, items=items))


class Told:
    """What a card said of a variable. Keeps numbers and no tensor."""

    def __init__(self, value: Any, item: Tensor) -> None:
        self._value = weakref.ref(value)
        self._version = -1 if is_array(value) else _version(value)
        self._counted = not is_array(value)
        self._shape, self._dtype, self._mean = item.shape, item.dtype, item.mean
        self._one = item.values if item.numel == 1 else None
        while isinstance(self._one, list):
            self._one = self._one[0] if self._one else None
        self._digest = _digest(item)
        self._readable = item.device == "cpu" and item.values is not None
        self._fingerprint = _fingerprint(value) if self._readable else None

    def may_differ(self, value: Any) -> bool:
        """Whether its values may be others than those that were told. What is not on the CPU is not asked."""
        return self._readable and (self._fingerprint is None or _fingerprint(value) != self._fingerprint)

    def still(self, value: Any) -> bool:
        """Whether the variable holds the same object."""
        return value is not None and self._value() is value

    def was(self, value: Any, item: Tensor) -> Was | None:
        """What it was before `item`; None if that says the same."""
        if _digest(item) == self._digest:
            return None
        how = "rebound"
        if self._value() is value:
            how = "uncounted" if self._counted and _version(value) == self._version else "in place"
        return Was(how=how, shape=self._shape, dtype=self._dtype, mean=self._mean, value=self._one)


def _digest(item: Tensor) -> int:
    numbers = (item.shape, item.dtype, item.min, item.max, item.mean, item.std, item.nan, item.inf, item.values)
    return hash(msgspec.json.encode(numbers))


def _fingerprint(value: Any) -> int | None:
    """None where there is no cheap one."""
    try:
        with aside():
            tensor = array_view(value) if is_array(value) else value
            return fingerprint(tensor) if tensor is not None and plain(tensor) else None
    except Exception:  # whatever kind of tensor that is
        return None


class Stamp(NamedTuple):
    """What changes when a tensor or its gradient does. Ids, so that nothing is kept alive."""

    tensor: int
    version: int
    grad: int
    grad_version: int


def stamp_of(tensor: torch.Tensor) -> Stamp:
    """Its stamp now."""
    grad = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
    return Stamp(id(tensor), _version(tensor), id(grad), _version(grad))


def _version(tensor: torch.Tensor | None) -> int:
    try:
        return -1 if tensor is None else tensor._version
    except RuntimeError:  # an inference tensor keeps no count
        return -1
