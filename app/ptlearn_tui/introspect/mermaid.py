"""A graph as Mermaid, the diagrams that forges and notebooks draw from text. From the records: no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptlearn_tui.events import Node

MOST = 500  # nodes: Mermaid's own limit is 500 edges


def mermaid(root: str, nodes: Sequence[Node]) -> str:
    """A flowchart from the leaves at the top to `root`; gradients run against its arrows.

    Beyond 500 nodes the ones nearest to the root are drawn, and a comment says so.
    """
    shown = {node.id for node in nodes[:MOST]}
    lines = ["flowchart TD"]
    if len(nodes) > MOST:
        lines.append(f"    %% {MOST} of {len(nodes)} nodes")
    for node in nodes[:MOST]:
        shape = "" if node.shape is None else f"<br/>({', '.join(map(str, node.shape))}{',' * (len(node.shape) == 1)})"
        text = f"{_quoted(node.variable or node.operator)}{shape}"
        leaf = node.variable is not None or node.name == "AccumulateGrad"
        lines.append(f'    n{node.id}(["{text}"])' if leaf else f'    n{node.id}["{text}"]')
    if nodes:
        lines.append(f'    root(("{_quoted(root)}"))')
        lines.append(f"    n{nodes[0].id} --> root")
    lines += [f"    n{each} --> n{node.id}" for node in nodes[:MOST] for each in node.inputs if each in shown]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Whatever a learner has called it, as text between quotes."""
    return "".join(c if c.isalnum() or c in " ._[]()'" else f"#{ord(c)};" for c in text.replace("\n", " "))
