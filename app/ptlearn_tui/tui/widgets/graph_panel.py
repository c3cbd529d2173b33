"""The backward graph: a chain is a list, only a fork indents, a node that was shown already is referred to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from ptlearn_tui.locale import t
from ptlearn_tui.tui.glyphs import FOCUS, HERE
from ptlearn_tui.tui.text import fit, safe, spread
from ptlearn_tui.tui.theme import ACCENT, FAINT, GOOD, MUTED, STRONG
from ptlearn_tui.tui.widgets.panel import PanelBody
from ptlearn_tui.tui.widgets.tensor_panel import shape_words

if TYPE_CHECKING:
    from textual.events import Click

    from ptlearn_tui.events import Graph, Node
    from ptlearn_tui.tui.record import Record

HEAD = 2  # lines above the first node
MOST_INDENT = 8  # levels; deeper forks stay there


@dataclass(frozen=True)
class Row:
    """One line of the drawn graph."""

    node: Node
    indent: int
    again: bool  # the node has its line further up


def layout(graph: Graph) -> list[Row]:
    """Depth first. At a fork the longest way down keeps the indent and comes last, so that a deep chain with
    short side branches (the parameters of a network) stays a list. Loops, no recursion: graphs are deep."""
    nodes = {node.id: node for node in graph.nodes}
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


class GraphBody(PanelBody):
    """The newest graph of the cell; its nodes can be walked, and enter shows a node's line in the cell."""

    marks_itself = True

    def __init__(self) -> None:
        super().__init__()
        self.at = 0  # index of the current row
        self.root: str | None = None  # chosen by the learner; None: the newest

    class Walked(Message):
        """Another node is current."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    def empty(self) -> str:
        """How a graph comes here."""
        return t(
            "No graph yet. Run a cell with enter that computes from a tensor with requires_grad: "
            "what it was made of stands here."
        )

    @property
    def graph(self) -> Graph | None:
        """The graph that is shown."""
        if self.record is None or not self.record.graphs:
            return None
        graphs = self.record.graphs
        return graphs.get(self.root or "") or next(reversed(graphs.values()))

    def walk_lines(self, step: int) -> None:
        """Towards the leaves, or back."""
        if self.graph is None:
            return
        rows = layout(self.graph)
        self.at = max(0, min(len(rows) - 1, self.at + step))
        self.changed()
        self.post_message(self.Walked(rows[self.at].node))
        if isinstance(self.parent, VerticalScroll):  # keep it in sight, with a line of what comes before
            top, rows_in_sight = self.parent.scroll_offset.y, self.parent.size.height
            line = self.at + HEAD
            if not top < line < top + rows_in_sight - 2:
                self.parent.scroll_to(y=max(0, line - rows_in_sight // 2), animate=False)

    def next_root(self, step: int) -> None:
        """Another variable's graph."""
        if self.record is not None and self.graph is not None:
            roots = list(self.record.graphs)
            self.root = roots[(roots.index(self.graph.root) + step) % len(roots)]
            self.at = 0
            self.changed()

    def on_click(self, event: Click) -> None:
        """A click makes a node current."""
        if self.graph is not None:
            self.walk_lines(event.y - HEAD - self.at)

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """The root, then a line a node."""
        graph = self.graph
        if graph is None:
            return []
        rows = layout(graph)
        self.at = min(self.at, len(rows) - 1)
        count = t("{n} nodes", n=len(graph.nodes) + graph.left_out)
        if self.of_cell is not None:
            count += " · " + t("cell {n}", n=self.of_cell + 1)
        title = Content.assemble("   ", (safe(graph.root), STRONG), (" " + t("came from"), MUTED))
        lines = [spread(title, Content.styled(count + "  ", MUTED), width), Content()]
        name_width = max((row.indent * 2 + cell_len(_name(row.node)) for row in rows), default=0)
        name_width = min(max(name_width + 2, 8), 24)
        shapes = [shape_words(row.node.shape) if row.node.shape is not None else "" for row in rows]
        shape_width = min(max(map(cell_len, shapes), default=0) + 2, 12)  # a longer one takes from what follows
        for index, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
            node = row.node
            leaf = node.variable is not None
            mark = (FOCUS if self.focused_panel else HERE, ACCENT) if index == self.at else (" ", "")
            kind = t("see above") if row.again else f"{node.name}, {t('leaf')}" if leaf else node.name
            line = Content.assemble(
                mark,
                "  ",
                ("· " * row.indent, FAINT),
                (fit(_name(node), max(name_width - 2 * row.indent, 4)), GOOD if leaf else STRONG),
                fit(shape, max(shape_width, cell_len(shape) + 2)),
                (kind, MUTED),
            )
            at = t("line {n}", n=node.line) if node.line is not None else t("line unknown")
            lines.append(spread(line, Content.styled(at + "  ", MUTED), width))
        if graph.left_out:
            lines.append(Content.styled("   " + t("{n} more nodes", n=graph.left_out), MUTED))
        return lines


def _name(node: Node) -> str:
    return safe(node.variable if node.variable is not None else node.operator)
