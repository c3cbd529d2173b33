"""A chain is a list, only a fork indents, what was shown is referred to, and what a loop repeats is folded."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ptlearn_tui.events import Graph, Node
from ptlearn_tui.tui.widgets.graph_rows import Fold, Item, Row, folded, layout, opened


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


# ---- folds ---------------------------------------------------------------------------------------------------


def rows_of(*names: str, line: int | None = 3) -> list[Row]:
    return [
        Row(Node(id=at, name=name, operator=name, inputs=[], shape=[2], line=line), 0, False)
        for at, name in enumerate(names)
    ]


def told(items: list[Item]) -> list[str]:
    return [f"{item.period}×{item.turns}" if isinstance(item, Fold) else item.node.name for item in items]


def test_what_a_loop_repeats_is_one_row() -> None:
    assert told(folded(rows_of("mean", *["add", "mul"] * 500, "x"))) == ["mean", "2×500", "x"]
    assert told(folded(rows_of(*["mul"] * 500, *["a", "b", "c"] * 20))) == ["1×500", "3×20"]


def test_what_is_short_stays_as_it_is() -> None:
    assert told(folded(rows_of(*["add", "mul"] * 11, line=None))) == ["add", "mul"] * 11
    assert told(folded(rows_of("mean", "mul", "mul", "add", "x"))) == ["mean", "mul", "mul", "add", "x"]


def test_the_same_turns_are_folded_where_only_some_lines_are_known() -> None:
    rows = rows_of(*["add", "mul"] * 50)
    rows = [
        Row(msgspec.structs.replace(row.node, line=None), 0, False) if at % 7 else row for at, row in enumerate(rows)
    ]
    assert told(folded(rows)) == ["2×50"]


def test_layers_with_numbers_in_their_names_are_turns_too() -> None:
    rows = []
    for layer in range(30):
        for name in ("addmm", f"{layer}.weight", "relu"):
            kind = "AccumulateGrad" if "." in name else name
            variable = name if "." in name else None
            node = Node(id=len(rows), name=kind, operator=name, inputs=[], shape=[2], variable=variable)
            rows.append(Row(node, 0, False))
    assert told(folded(rows)) == ["3×30"]


def test_what_one_line_made_in_no_order_is_one_row() -> None:
    # Thue and Morse's sequence repeats nothing three times.
    names = ["add" if bin(at).count("1") % 2 else "mul" for at in range(200)]
    assert told(folded(rows_of(*names))) == ["0×1"]
    assert told(folded(rows_of(*names, line=None))) == names


@given(st.lists(st.sampled_from("abc"), max_size=200))
def test_a_fold_leaves_nothing_out_and_unfolds(names: list[str]) -> None:
    rows = rows_of(*names)
    items = folded(rows)
    flat = [row for item in items for row in (item.rows if isinstance(item, Fold) else [item])]
    assert flat == rows
    everything = opened(items, {row.node.id for row in rows})
    assert [item for item in everything if isinstance(item, Row)] == rows
    assert opened(items, set()) == items


def test_ten_thousand_nodes_of_a_loop_are_one_row() -> None:
    assert told(folded(rows_of(*["add", "mul"] * 5_000))) == ["2×5000"]
