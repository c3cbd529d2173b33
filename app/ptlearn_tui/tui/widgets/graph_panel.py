"""The backward graph, its nodes to be walked, what loops repeat folded; and backward() over it as a film."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from ptlearn_tui.events import More
from ptlearn_tui.locale import language, t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.glyphs import FOCUS, HERE
from ptlearn_tui.tui.text import fit, spread, thousands, wrap
from ptlearn_tui.tui.theme import ACCENT, FAINT, GOOD, MUTED, STRONG
from ptlearn_tui.tui.widgets.film_reel import Reel
from ptlearn_tui.tui.widgets.graph_rows import Fold, Item, Row, folded, layout, opened
from ptlearn_tui.tui.widgets.node_detail import NodeDetail, line_words, name_of, why_none
from ptlearn_tui.tui.widgets.panel import Panel, PanelBody
from ptlearn_tui.tui.widgets.tensor_numbers import shape_words

if TYPE_CHECKING:
    from textual.events import Click

    from ptlearn_tui.events import Film, Graph, Node, Tensor
    from ptlearn_tui.tui.record import Record

HEAD = 2  # lines above the first node
COUNTED = 20_000  # nodes that the kernel counts at most


class GraphBody(PanelBody):
    """The newest graph of the cell; its nodes can be walked, and enter shows a node's line in the cell."""

    marks_itself = True

    def __init__(self, *, placed: bool = True) -> None:
        """`placed`: nodes have lines, which made them; those of a run have none."""
        super().__init__()
        self.placed = placed
        self.at = 0  # index of the current line
        self.root: str | None = None  # chosen by the learner; None: the newest
        self.unfolded: set[int] = set()  # by the node that they begin with
        self.saved: dict[str, Tensor | str] = {}  # what the current node keeps, looked at: a card, or why there is none
        self.reel = Reel(self._turned)
        self._drawn: tuple[Graph | Film | None, list[Item]] = (None, [])
        self._contents: dict[tuple[object, ...], Content] = {}  # lines that are not current

    class Walked(Message):
        """Another node is current."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Looked(Message):
        """What a node keeps, as it is now: cards, or why there is none."""

        def __init__(self, node: Node, found: dict[str, Tensor | str]) -> None:
            super().__init__()
            self.node, self.found = node, found

    def on_graph_body_looked(self, message: Looked) -> None:
        """Shown while that node is current."""
        if message.node is self.node:
            self.saved = message.found
            self.changed()

    def on_mount(self) -> None:
        """What is told of the current node stands below, and does not scroll."""
        if isinstance(self.parent, VerticalScroll):
            self.parent.mount(NodeDetail(self))

    def changed(self) -> None:
        """What stands below changes too."""
        super().changed()
        if self.is_mounted and self.parent is not None:
            for detail in self.parent.children:
                if isinstance(detail, NodeDetail):
                    detail.changed()

    def empty(self) -> str:
        """How a graph comes here."""
        return t(
            "No graph yet. Run a cell with r that computes from a tensor with requires_grad: "
            "what it was made of stands here."
        )

    # ---- what is shown -----------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph | None:
        """The graph that is shown when no film is."""
        if self.record is None or not self.record.graphs:
            return None
        graphs = self.record.graphs
        return graphs.get(self.root or "") or next(reversed(graphs.values()))

    @property
    def shown(self) -> Graph | Film | None:
        """What the lines are of."""
        self.reel.load(self.record.films if self.record is not None else [])
        return self.reel.film or self.graph

    @property
    def items(self) -> list[Item]:
        """All lines, folds and what they hold."""
        shown = self.shown
        if shown is not self._drawn[0]:
            rows = layout(shown) if shown is not None else []
            self._drawn = shown, folded(rows)
            self._contents.clear()
            self.unfolded = set()
            self.saved = {}
            self.at = 0
        return self._drawn[1]

    @property
    def lines_in_sight(self) -> list[Item]:
        """Those that are drawn."""
        return opened(self.items, self.unfolded)

    @property
    def current(self) -> Item | None:
        """The line that is current."""
        lines = self.lines_in_sight
        return lines[min(self.at, len(lines) - 1)] if lines else None

    @property
    def node(self) -> Node | None:
        """The current node; of a fold its first."""
        item = self.current
        return item.rows[0].node if isinstance(item, Fold) else item.node if item is not None else None

    # ---- walking -----------------------------------------------------------------------------------------------

    def walk_lines(self, step: int) -> None:
        """Towards the leaves, or back."""
        if self.shown is not None:
            self._go(max(0, min(len(self.lines_in_sight) - 1, self.at + step)))
            if self.node is not None:
                self.reel.seek(self.node.id)

    def _go(self, line: int) -> None:
        self.at = line
        self.saved = {}
        self.changed()
        if self.node is not None:
            self.post_message(self.Walked(self.node))
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        """The current line, with the title where there is room."""
        if isinstance(self.parent, VerticalScroll):
            top, rows_in_sight = self.parent.scroll_offset.y, self.size_in_sight
            line = self.at + HEAD
            if line < rows_in_sight - 1:
                self.parent.scroll_to(y=0, animate=False)
            elif not top < line < top + rows_in_sight - 1:
                self.parent.scroll_to(y=max(0, line - rows_in_sight // 2), animate=False)

    def on_resize(self) -> None:
        """The window has changed."""
        self.call_after_refresh(self._keep_in_sight)

    @property
    def size_in_sight(self) -> int:
        """Rows of the panel that what stands below leaves free."""
        below = [child.size.height for child in self.parent.children if isinstance(child, NodeDetail)]  # type: ignore[union-attr]
        return max(1, self.parent.size.height - sum(below)) if self.parent is not None else 1  # type: ignore[attr-defined]

    def enter(self) -> None:
        """A fold unfolds; of a node the line is shown."""
        if not self.turn_fold():
            self.post_message(Panel.Entered(3))

    def turn(self, step: int) -> bool:
        """The arrows to the side: a film's steps; a fold. Whether there was anything to do."""
        if self.reel.film is not None:
            self.reel.step(step)
            return True
        return self.turn_fold(open_=step > 0)

    def turn_fold(self, *, open_: bool | None = None) -> bool:
        """Unfold or fold the current line; whether there was anything to do."""
        item = self.current
        if not isinstance(item, Fold):
            return False
        first = item.rows[0].node.id
        if open_ is not None and open_ == (first in self.unfolded):
            return False
        self.unfolded ^= {first}
        self.changed()
        return True

    @property
    def choices(self) -> int:
        """Graphs to choose from: of other variables."""
        return len(self.record.graphs) if self.record is not None and self.reel.film is None else 0

    def choose(self, step: int) -> None:
        """Another variable's graph."""
        if self.record is not None and self.graph is not None:
            roots = list(self.record.graphs)
            self.root = roots[(roots.index(self.graph.root) + step) % len(roots)]
            self.changed()

    def on_click(self, event: Click) -> None:
        """A click makes a node current."""
        if self.shown is not None:
            self.walk_lines(event.y - HEAD - self.at)

    def _turned(self) -> None:
        """The film stands at another step: its node is current."""
        shot = self.reel.shot
        if shot is None:
            self.at = min(self.at, max(0, len(self.lines_in_sight) - 1))
            self.changed()
            return
        for item in self.items:
            if isinstance(item, Fold) and any(row.node.id == shot.node for row in item.rows):
                self.unfolded.add(item.rows[0].node.id)
        for line, item in enumerate(self.lines_in_sight):
            if isinstance(item, Row) and item.node.id == shot.node and not item.again:
                self._go(line)
                return
        self.changed()

    # ---- drawing -----------------------------------------------------------------------------------------------

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """The root, then a line a node; or why there is no graph."""
        shown = self.shown
        if shown is None:
            return [
                Content.assemble("   ", line)
                for each in record.ungraphed
                for line in wrap(why_none(each), max(width - 6, 20))
            ]
        lines = self.lines_in_sight
        self.at = min(self.at, len(lines) - 1)
        widths = self._widths(lines)
        drawn = [self._title(shown, width), Content()]
        for index, item in enumerate(lines):
            if index == self.at:
                drawn.append(self._line(item, widths, width, (FOCUS if self.focused_panel else HERE, ACCENT)))
                continue
            if isinstance(item, Fold):
                drawn.append(self._line(item, widths, width, (" ", "")))
                continue
            key = (width, widths, language(), id(item))
            if key not in self._contents:
                self._contents[key] = self._line(item, widths, width, (" ", ""))
            drawn.append(self._contents[key])
        left = _left_out(shown)
        if left:
            drawn.append(Content.styled("   " + t("{n} more nodes", n=thousands(left)), MUTED))
        return drawn

    def _title(self, shown: Graph | Film, width: int) -> Content:
        if self.reel.film is not None:
            title = Content.assemble("   ", (safe(shown.root) + ".backward()", STRONG), ("  " + self.reel.place, MUTED))
            return spread(title, Content.styled(self.reel.state + "  ", MUTED), width)
        total = len(shown.nodes) + getattr(shown, "left_out", 0)
        number = thousands(total) + ("+" if total >= COUNTED else "")
        count = t("1 node") if total == 1 else t("{n} nodes", n=number)
        if self.of_cell is not None:
            count += " · " + t("cell {n}", n=self.of_cell + 1)
        title = Content.assemble("   ", (safe(shown.root), STRONG), (" " + t("came from"), MUTED))
        if self.choices > 1 and self.record is not None:
            at = list(self.record.graphs).index(shown.root) + 1
            title = Content.assemble(
                title, ("   , . ", ACCENT), (t("graph {n} of {total}", n=at, total=self.choices), MUTED)
            )
        return spread(title, Content.styled(count + "  ", MUTED), width)

    @staticmethod
    def _widths(lines: list[Item]) -> tuple[int, int]:
        rows = [item for item in lines[:1_000] if isinstance(item, Row)]
        names = max((row.indent * 2 + cell_len(name_of(row.node)) for row in rows), default=0)
        shapes = max((cell_len(shape_words(row.node.shape)) for row in rows if row.node.shape is not None), default=0)
        return min(max(names + 2, 8), 24), min(shapes + 2, 12)  # a longer shape takes from what follows

    def _line(self, item: Item, widths: tuple[int, int], width: int, mark: tuple[str, str]) -> Content:
        if isinstance(item, Fold):
            return self._fold(item, width, mark)
        node, (name_width, shape_width) = item.node, widths
        leaf = node.variable is not None
        shape = shape_words(node.shape) if node.shape is not None else ""
        kind = t("see above") if item.again else f"{node.name}, {t('leaf')}" if leaf else node.name
        line = Content.assemble(
            mark,
            "  ",
            ("· " * item.indent, FAINT),
            (fit(name_of(node), max(name_width - 2 * item.indent, 4)), GOOD if leaf else STRONG),
            fit(shape, max(shape_width, cell_len(shape) + 2)),
            (kind, MUTED),
        )
        return spread(line, Content.styled(line_words(node) + "  ", MUTED), width) if self.placed else line

    def _fold(self, item: Fold, width: int, mark: tuple[str, str]) -> Content:
        """`+ add, mul ×5 000`: what is repeated, and how often."""
        turn = item.rows[: item.period] if item.period else item.rows
        names = list(dict.fromkeys(name_of(row.node) for row in turn))
        words = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
        times = f" ×{thousands(item.turns)}" if item.period else ""
        sign = "-" if item.rows[0].node.id in self.unfolded else "+"
        own = sum(not row.again for row in item.rows)
        line = Content.assemble(
            mark,
            (f"{sign} ", ACCENT),
            ("· " * item.rows[0].indent, FAINT),
            (words, STRONG),
            (times, ""),
            ("   " + t("{n} nodes", n=thousands(own)), MUTED),
        )
        if not self.placed:
            return line
        places = sorted({row.node.line for row in item.rows if row.node.line is not None})
        if not places:
            where = t("line unknown")
        elif len(places) == 1:
            where = t("line {n}", n=places[0])
        else:
            where = t("lines {first} to {last}", first=places[0], last=places[-1])
        return spread(line, Content.styled(where + "  ", MUTED), width)


def _left_out(shown: Graph | Film) -> int:
    """Nodes of which nothing is told."""
    more = getattr(shown, "more", None)
    return shown.left_out - (len(more.nodes) if isinstance(more, More) else 0)
