"""A graph as Mermaid: every node, every edge, and nothing that would break its syntax."""

from __future__ import annotations

import re

import torch

from ptlearn_tui.events import Node
from ptlearn_tui.introspect.autograd import Reader, graph
from ptlearn_tui.introspect.mermaid import MOST, mermaid
from ptlearn_tui.introspect.names import Named


def test_the_notes_example() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    out = (x + 2).mean()
    found = graph("out", out, 1, Reader(None, lambda leaf: Named("x", None)))
    assert found is not None
    assert mermaid("out", found.nodes) == (
        "flowchart TD\n"
        '    n0["mean<br/>()"]\n'
        '    n1["add<br/>(2, 2)"]\n'
        '    n2(["x<br/>(2, 2)"])\n'
        '    root(("out"))\n'
        "    n0 --> root\n"
        "    n1 --> n0\n"
        "    n2 --> n1\n"
    )


def test_names_that_a_learner_can_give_do_not_break_it() -> None:
    nodes = [
        Node(id=0, name="N0", operator='a"] --> b', inputs=[1], shape=[3]),
        Node(id=1, name="AccumulateGrad", operator="x", variable="net['w;\n%%']", inputs=[], shape=None),
    ]
    text = mermaid("f(`x`) <script>", nodes)
    assert all(re.fullmatch(r'    (n\d|root) --> (n\d|root)|    \w+[\[(]+"[^"`<>\n]*(<br/>[^"<>]*)?"[\])]+', line)
               for line in text.split("\n")[1:-1])  # fmt: skip
    assert "(3,)" in text


def test_a_large_graph_is_cut_and_says_so() -> None:
    nodes = [Node(id=at, name="N", operator="n", inputs=[at + 1], shape=[]) for at in range(1_000)]
    text = mermaid("y", nodes)
    assert f"%% {MOST} of 1000 nodes" in text
    assert text.count("-->") == MOST
