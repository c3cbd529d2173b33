"""A chain is a list, only a fork indents, and what was shown is referred to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ptlearn_tui.events import Graph, Node
from ptlearn_tui.tui.widgets.graph_panel import layout


def graph(*inputs: list[int]) -> Graph:
    nodes = [
        Node(id=number, name=f"N{number}", operator=f"n{number}", inputs=into, shape=None)
        for number, into in enumerate(inputs)
    ]
    return Graph(cell=0, root="out", line=1, nodes=nodes)


def drawn(made: Graph) -> list[tuple[int, int]]:
    return [(row.node.id, row.indent) for row in layout(made)]


def test_a_chain_is_a_list() -> None:
    assert drawn(graph([1], [2], [3], [])) == [(0, 0), (1, 0), (2, 0), (3, 0)]


def test_the_longest_branch_keeps_the_indent_and_comes_last() -> None:
    # addmm(bias, input chain, t(weight)): the chain of layers must not become a staircase
    made = graph([1, 2, 3], [], [4, 5], [6], [], [], [])
    assert drawn(made)[0] == (0, 0)
    assert (1, 1) in drawn(made)
    assert dict(drawn(made))[2] == 0 or dict(drawn(made))[3] == 0


def test_a_deep_network_stays_on_the_screen() -> None:
    inputs: list[list[int]] = []
    for layer in range(30):
        at = 2 * layer
        inputs += [[at + 1, at + 2], []]  # a parameter, and the layer below
    inputs.append([])
    rows = layout(graph(*inputs))
    assert max(row.indent for row in rows) == 1
    assert len(rows) == 61


@st.composite
def dags(draw: st.DrawFn) -> list[list[int]]:
    """Each node leads to some of those after it."""
    size = draw(st.integers(1, 40))
    later = [st.lists(st.integers(at + 1, size), max_size=3, unique=True) for at in range(size)]
    return [draw(each) for each in later]


@given(dags())
def test_every_node_has_one_line_of_its_own(inputs: list[list[int]]) -> None:
    made = graph(*inputs, [])
    rows = layout(made)
    own = [row.node.id for row in rows if not row.again]
    reachable, stack = set(), [0]
    while stack:
        at = stack.pop()
        if at not in reachable:
            reachable.add(at)
            stack += made.nodes[at].inputs
    assert sorted(own) == sorted(reachable)


def test_a_chain_of_five_thousand_nodes_is_no_recursion() -> None:
    assert len(layout(graph(*([at + 1] for at in range(5_000)), []))) == 5_001
