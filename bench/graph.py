"""How long a graph takes to open, from the nodes to the lines on the screen, beside a plain walk over them.

    python bench/graph.py

The walk is a loop over `next_functions`, all that PyTorch itself offers. Medians of nine.
"""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.events import Graph, decode, encode
from ptlearn_tui.introspect.autograd import graph
from ptlearn_tui.tui.record import Record
from ptlearn_tui.tui.widgets.graph_panel import GraphBody

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 9
AIM = 1.0  # seconds for 10,000 nodes


def chain(nodes: int) -> torch.Tensor:
    """A long loop of two operators."""
    y = torch.ones(4, 4, requires_grad=True)
    for _ in range(nodes // 2):
        y = y * 1.001 + 1
    return y


def recurrent(nodes: int) -> torch.Tensor:
    """A loop that comes back to its weights."""
    weight, x = torch.ones(4, 4, requires_grad=True), torch.ones(4, 4, requires_grad=True)
    h = x
    for _ in range(nodes // 3):
        h = (h @ weight).tanh() + x
    return h


def disorder(nodes: int) -> torch.Tensor:
    """What nothing can be folded of: no order, and no lines."""
    y = torch.ones(4, 4, requires_grad=True)
    kinds: list[Callable[[torch.Tensor], torch.Tensor]] = [torch.sin, torch.tanh]
    for turn in range(nodes):
        y = kinds[bin(turn).count("1") % 2](y)
    return y


def median(call: Callable[[], object]) -> float:
    """Seconds."""
    taken = []
    for _ in range(TIMES):
        gc.collect()
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def walk(root: Any) -> int:
    """Every node once."""
    seen, rest = {root}, [root]
    while rest:
        for function, _ in rest.pop().next_functions:
            if function is not None and function not in seen:
                seen.add(function)
                rest.append(function)
    return len(seen)


def draw(told: Graph) -> int:
    """The lines of the panel, 80 columns wide."""
    body = GraphBody()
    record = Record()
    record.apply([told])
    body.record = record
    return len(body.lay_record(record, 80))


def main() -> None:
    """One line a kind and size."""
    print(
        f"{'graph':12}{'nodes':>8}{'walk':>10}{'kernel':>10}{'wire':>10}{'screen':>10}{'all':>10}{'ratio':>8}{'KB':>7}"
    )
    for make in (chain, recurrent, disorder):
        for nodes in (100, 1_000, 10_000):
            root = make(nodes)
            told = graph("y", root, 1)
            assert told is not None
            line = encode(told)
            plain = median(lambda root=root: walk(root.grad_fn))
            kernel = median(lambda root=root: graph("y", root, 1))
            wire = median(lambda told=told: decode(encode(told)))
            screen = median(lambda told=told: draw(told))
            whole = kernel + wire + screen
            cells = "".join(f"{1000 * each:8.1f}ms" for each in (plain, kernel, wire, screen, whole))
            late = "" if whole < AIM else "   later than the aim"
            print(f"{make.__name__:12}{walk(root.grad_fn):8}{cells}{whole / plain:8.1f}{len(line) / 1000:7.0f}{late}")


if __name__ == "__main__":
    main()
