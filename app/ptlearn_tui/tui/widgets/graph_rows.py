"""How a graph is drawn: a chain is a list, only a fork indents, and what a loop repeats is one row that unfolds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from ptlearn_tui.events import More

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptlearn_tui.events import Film, Graph, Node

MOST_INDENT = 8  # levels; deeper forks stay there
MOST_PERIOD = 24  # rows of one turn of a loop that are recognised
LEAST_FOLDED = 24  # rows that are worth folding
LEAST_TURNS = 3


@dataclass(frozen=True)
class Row:
    """One line of the drawn graph."""

    node: Node
    indent: int
    again: bool  # the node has its line further up


@dataclass(frozen=True)
class Fold:
    """Rows in the place of which one may stand."""

    rows: tuple[Row, ...]
    period: int  # rows of one turn; 0 where they have a line in common and no order

    @property
    def turns(self) -> int:
        """How often the same rows follow each other."""
        return len(self.rows) // self.period if self.period else 1


Item: TypeAlias = Row | Fold


def nodes_of(graph: Graph | Film) -> list[Node]:
    """All its nodes, those too that are told shortly."""
    more = getattr(graph, "more", None)
    if not isinstance(more, More):
        return graph.nodes
    nodes = list(graph.nodes)
    for at, *inputs in more.joins:
        nodes[at] = msgspec.structs.replace(nodes[at], inputs=inputs)
    first = len(nodes)
    nodes += [
        msgspec.structs.replace(more.kinds[kind], id=first + index, inputs=inputs)
        for index, (kind, *inputs) in enumerate(more.nodes)
    ]
    return nodes


def layout(graph: Graph | Film) -> list[Row]:
    """Depth first. At a fork the longest way down keeps the indent and comes last, so that a deep chain with
    short side branches (the parameters of a network) stays a list. Loops, no recursion: graphs are deep."""
    nodes = {node.id: node for node in nodes_of(graph)}
    height = _heights(nodes, graph.nodes[0].id if graph.nodes else 0)
    rows: list[Row] = []
    seen: set[int] = set()
    stack = [(graph.nodes[0].id, 0)] if graph.nodes else []
    while stack:
        at, indent = stack.pop()
        node = nodes.get(at)
        if node is None:
            continue  # beyond the bound
        rows.append(Row(node, indent, at in seen))
        if at in seen:
            continue
        seen.add(at)
        inputs = [each for each in node.inputs if each in nodes]
        if len(inputs) <= 1:
            stack += [(each, indent) for each in inputs]
            continue
        longest = max(range(len(inputs)), key=lambda i: (height[inputs[i]], -i))
        stack.append((inputs[longest], indent))
        for i in reversed(range(len(inputs))):
            if i != longest:
                stack.append((inputs[i], min(indent + 1, MOST_INDENT)))
    return rows


def _heights(nodes: dict[int, Node], root: int) -> dict[int, int]:
    """The longest way from each node to a leaf."""
    height: dict[int, int] = {}
    stack = [(root, False)] if root in nodes else []
    while stack:
        at, ready = stack.pop()
        inputs = [each for each in nodes[at].inputs if each in nodes]
        if ready:
            height[at] = 1 + max((height.get(each, 0) for each in inputs), default=0)
        elif at not in height:
            height[at] = 0
            stack.append((at, True))
            stack += [(each, False) for each in inputs if each not in height]
    return height


def folded(rows: Sequence[Row]) -> list[Item]:
    """What a loop repeats, turn after turn, becomes one item; so does what one line made, in whatever order."""
    known: dict[object, int] = {}
    marks = [known.setdefault(_looks(row), len(known)) for row in rows]
    items: list[Item] = []
    at = 0
    while at < len(rows):
        period, end = _repeated(marks, at)
        if period:
            items.append(Fold(tuple(rows[at:end]), period))
        else:
            end = at + 1
            items.append(rows[at])
        at = end
    return _by_line(items)


def _looks(row: Row) -> object:
    """Equal for rows that do the same; `w[3]` and `w[4]`, `0.weight` and `2.weight` do.

    Lines apart: of most turns of a hot loop the line is not known.
    """
    node = row.node
    shape = None if node.shape is None else tuple(node.shape)
    name = re.sub(r"\d+", "#", node.variable) if node.variable else node.name
    return name, shape, row.indent, row.again


def _repeated(marks: list[int], at: int) -> tuple[int, int]:
    """The shortest period with which rows repeat from `at` on, and where that ends; (0, 0) for none."""
    for period in range(1, MOST_PERIOD + 1):
        end = at + period
        while end < len(marks) and marks[end] == marks[end - period]:
            end += 1
        turns = (end - at) // period
        if turns >= LEAST_TURNS and turns * period >= LEAST_FOLDED:
            return period, at + turns * period
    return 0, 0


def _by_line(items: Iterable[Item]) -> list[Item]:
    """Fold the rows of one line that are left, where they are many."""
    found: list[Item] = []
    run: list[Row] = []

    def settle() -> None:
        found.extend([Fold(tuple(run), 0)] if len(run) >= LEAST_FOLDED else run)
        run.clear()

    for item in items:
        if isinstance(item, Fold) or item.node.line is None:
            settle()
            found.append(item)
            continue
        if run and (run[0].node.line, run[0].node.line_cell) != (item.node.line, item.node.line_cell):
            settle()
        run.append(item)
    settle()
    return found


def opened(items: Sequence[Item], unfolded: set[int]) -> list[Item]:
    """The lines in sight: a fold, and its rows below it where the node that it begins with is in `unfolded`."""
    lines: list[Item] = []
    for item in items:
        lines.append(item)
        if isinstance(item, Fold) and item.rows[0].node.id in unfolded:
            lines += item.rows
    return lines
