"""The backward graph of a tensor as records: its nodes, their operators, shapes and lines, and what they keep."""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from msgspec import UNSET, structs

from ptlearn_tui.events import Graph, More, Node, Saved
from ptlearn_tui.introspect.operators import words
from ptlearn_tui.introspect.rules import rule_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.introspect.names import Named, Place

LIMIT = 2_000  # nodes of a graph that are told in full
COUNTED = 20_000  # that are told or counted at all
_LEAF_NUMBER = (1 << 64) - 1  # AccumulateGrad's sequence number: it stands for no place in the program


class Walk(NamedTuple):
    """Nodes nearest the root first. Short-lived: a node that is held keeps its tensors alive."""

    nodes: list[Any]
    outputs: list[int]  # which output of each node the graph goes through
    left_out: int


def walk(grad_fn: Any, limit: int = LIMIT) -> Walk:
    """Breadth first and without recursion: a chain of 5,000 nodes breaks Python's stack.

    Every node met is held until the end, since the id of a freed one is given to another.
    """
    found: dict[Any, int] = {grad_fn: 0}
    nodes: list[Any] = []
    outputs: list[int] = []
    rest = deque([grad_fn])
    while rest:
        node = rest.popleft()
        if len(nodes) < limit:
            nodes.append(node)
            outputs.append(found[node])
        for function, output in node.next_functions:
            if function is not None and function not in found and len(found) < COUNTED:
                found[function] = output
                rest.append(function)
    return Walk(nodes, outputs, len(found) - len(nodes))


def leaves(tensor: torch.Tensor, limit: int = LIMIT) -> list[torch.Tensor]:
    """The leaves that ``backward()`` would reach from here, nearest first, of the first `limit` nodes."""
    if tensor.grad_fn is None:
        return [tensor] if tensor.requires_grad else []
    found = (getattr(node, "variable", None) for node in walk(tensor.grad_fn, limit).nodes)
    return [leaf for leaf in found if isinstance(leaf, torch.Tensor)]


class Reader:
    """Reads nodes as records. `name_of` tells a leaf's name, `place_of` the statement that made a node."""

    def __init__(
        self,
        cell: int | None = None,
        name_of: Callable[[torch.Tensor], Named | None] = lambda leaf: None,
        place_of: Callable[[int], Place | None] = lambda number: None,
    ) -> None:
        self.cell = cell
        self._name_of = name_of
        self._place_of = place_of

    def read(self, node: Any, number: int, output: int, inputs: list[int], *, numbers: bool = True) -> Node:
        """One node, whose forward output is the one with the number `output`."""
        name, operator, place, leaf = self._who(node)
        shape, dtype = _output(node, output)
        return Node(
            id=number,
            name=name,
            operator=operator,
            inputs=inputs,
            shape=shape,
            dtype=dtype,
            variable=leaf,
            line=place.line if place else None,
            line_cell=place.cell if place and place.cell != self.cell else UNSET,
            saved=_saved(node),
            rule=rule_text(node, numbers=numbers),
        )

    def kind(self, node: Any, output: int) -> tuple[Any, ...]:
        """Equal for two nodes that `read` tells in the same words, numbers apart."""
        shape, dtype = _output(node, output)
        saved = [(each.name, None if each.shape is None else tuple(each.shape)) for each in _saved(node)]
        leads = [function is not None for function, _ in node.next_functions]
        return *self._who(node), None if shape is None else tuple(shape), dtype, *saved, *leads

    def _who(self, node: Any) -> tuple[str, str, Place | None, str | None]:
        """Its name, its operator, where it was made, and the leaf's name if it is one."""
        name = node.name()
        leaf = getattr(node, "variable", None) if name.endswith("AccumulateGrad") else None
        short = name.rpartition("::")[2]
        if leaf is None:
            sequence = node._sequence_nr()
            return short, words(name), self._place_of(sequence) if sequence != _LEAF_NUMBER else None, None
        named = self._name_of(leaf)
        return (short, named.name, named.place, named.name) if named else (short, words(name), None, None)


def graph(
    root: str,
    tensor: torch.Tensor,
    line: int,
    reader: Reader | None = None,
    *,
    limit: int = LIMIT,
    whole: bool = True,
) -> Graph | None:
    """The graph behind `tensor`, called `root`; None for a leaf. Raises nothing for a graph that was freed.

    The first `limit` nodes are told in full; if `whole`, the rest up to 20,000 shortly (`more`).
    """
    if tensor.grad_fn is None:
        return None
    nodes, outputs, left_out = walk(tensor.grad_fn, COUNTED if whole else limit)
    number = {node: index for index, node in enumerate(nodes)}
    reader = reader or Reader()
    records, joins, rest = [], [], []
    kinds: dict[tuple[Any, ...], int] = {}
    examples: list[Node] = []
    for index, (node, output) in enumerate(zip(nodes, outputs, strict=True)):
        inputs = [number[function] for function, _ in node.next_functions if function in number]
        if index >= limit:
            key = reader.kind(node, output)
            if key not in kinds:
                kinds[key] = len(kinds)
                examples.append(reader.read(node, len(examples), output, [], numbers=False))
            rest.append([kinds[key], *inputs])
            continue
        near = [each for each in inputs if each < limit]
        if len(near) < len(inputs):
            joins.append([index, *inputs])
        records.append(reader.read(node, index, output, near))
    if records[0].shape is not None:
        records[0] = structs.replace(records[0], shape=list(tensor.shape))
    return Graph(
        cell=UNSET if reader.cell is None else reader.cell,
        root=root,
        line=line,
        nodes=records,
        left_out=left_out + len(rest),
        more=More(kinds=examples, nodes=rest, joins=joins) if rest else UNSET,
        number=tensor.grad_fn._sequence_nr(),
    )


def _output(node: Any, output: int) -> tuple[list[int] | None, str | None]:
    """Shape and dtype of a node's forward output; kept by the node itself, no saved tensor is touched."""
    try:
        metadata = node._input_metadata[output]
        shape = [size if isinstance(size, int) else -1 for size in metadata.shape]
        return shape, str(metadata.dtype).removeprefix("torch.")
    except (AttributeError, IndexError, RuntimeError):  # torch < 2.3, or a nested tensor
        return None, None


@cache
def _saved_names(kind: Any) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if name.startswith("_raw_saved_"))


def _saved(node: Any) -> list[Saved]:
    """What the node keeps, while it does. Never unpacked: that would run the learner's saved-tensor hooks."""
    found = []
    for name in _saved_names(node.__class__):
        short = name.removeprefix("_raw_saved_")
        try:
            raw = getattr(node, name)
        except RuntimeError:  # freed by backward()
            continue
        several = isinstance(raw, list | tuple)
        for index, tensor in enumerate(raw if several else [raw]):
            shape = _saved_shape(tensor)
            if shape is not False:
                found.append(Saved(name=f"{short}[{index}]" if several else short, shape=shape))
    return found


def _saved_shape(raw: Any) -> Any:
    """A shape; None where it can't be known without unpacking; False where nothing is kept (any more)."""
    if getattr(raw, "unpack_hook", None) is not None:
        return None
    try:
        data = raw.data
        return False if data is None else list(data.shape)
    except AttributeError:  # an older torch does not tell
        return None
    except RuntimeError:
        return False
