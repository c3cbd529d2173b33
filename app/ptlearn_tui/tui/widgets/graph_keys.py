"""What keys do in the Graph panel beyond walking: the film, a recording for it, what a node keeps, Mermaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.introspect.mermaid import mermaid
from ptlearn_tui.locale import t
from ptlearn_tui.tui.widgets.graph_panel import GraphBody
from ptlearn_tui.tui.widgets.graph_rows import nodes_of
from ptlearn_tui.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.widget import Widget

    from ptlearn_tui.events import Tensor
    from ptlearn_tui.kernel.client import Kernel
    from ptlearn_tui.tui.session import Session

ACTIONS = ("film", "saved", "mermaid")
MOST_SAVED = 6  # tensors of a node that are looked at


def focused_graph(focused: Widget | None) -> GraphBody | None:
    """The graph, where its panel has the keys."""
    body = focused.body if isinstance(focused, Panel) else None
    return body if isinstance(body, GraphBody) else None


def to_record(session: Session) -> tuple[list[int], str]:
    """The cells that have to run so that the shown graph's backward() is recorded, in order; or why there are none.

    Those too that have made the graph: a backward() has freed what it kept, and it can't run over it again.
    """
    if session.running is not None:
        return [], t("a cell runs: ask again when it has ended")
    record, other = session.record_for("graph")
    index = session.shown if other is None else other
    if record is None or index is None or index not in session.order:
        return [], t("no graph yet")
    if "backward(" not in session.source(index):
        return [], t("cell {n} calls no backward()", n=index + 1)
    cells = {index}
    for graph in record.graphs.values():
        cells |= {node.line_cell for node in nodes_of(graph) if isinstance(node.line_cell, int)}
    return sorted(cells & set(session.order), key=session.order.index), ""


def question(cells: list[int]) -> str:
    """Whether they may run."""
    if len(cells) == 1:
        return t("Run cell {n} again to record backward()? What it changes, it changes again.", n=cells[0] + 1)
    numbers = ", ".join(str(cell + 1) for cell in cells)
    return t("Run cells {numbers} again to record backward()? What they change, they change again.", numbers=numbers)


def look(kernel: Kernel | None, body: GraphBody) -> dict[str, Tensor | str]:
    """In a worker's thread: what the current node keeps, from the live kernel."""
    graph, node = body.graph, body.node
    if graph is None or node is None or kernel is None:
        return {}
    number = graph.number if isinstance(graph.number, int) else None
    found: dict[str, Tensor | str] = {}
    for saved in node.saved[:MOST_SAVED]:
        card, why = kernel.describe(graph.root, node=node.id, saved=saved.name, graph=number)
        found[saved.name] = card or why
    return found


def as_mermaid(body: GraphBody) -> str:
    """The graph that is shown, as text."""
    shown = body.shown
    return mermaid(shown.root, nodes_of(shown)) if shown is not None else ""
