"""Graphs of every kind that learners make are told: long, freed, changed, hooked, compiled, nested, checkpointed."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.checkpoint import checkpoint

from ptlearn_tui.events import Graph, More, Node, decode, encode
from ptlearn_tui.introspect.autograd import graph
from ptlearn_tui.tui.widgets.graph_rows import nodes_of


def told(tensor: torch.Tensor, **options: Any) -> Graph:
    """As it comes over the wire."""
    found = graph("y", tensor, 1, **options)
    assert found is not None
    read = decode(encode(found))
    assert isinstance(read, Graph)
    return read


def operators(tensor: torch.Tensor) -> list[str]:
    return [node.operator for node in told(tensor).nodes]


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(*shape, requires_grad=True)


# ---- long graphs ---------------------------------------------------------------------------------------------


def test_a_graph_of_ten_thousand_nodes_is_told_whole_and_stays_small() -> None:
    y = ones(4)
    for turn in range(5_000):
        y = y * 2 if turn % 2 else y + 1
    for _ in range(5_000):
        y = y.exp()
    found = told(y)
    nodes = nodes_of(found)
    assert len(nodes) == 10_001 == len(found.nodes) + found.left_out
    assert [node.id for node in nodes] == list(range(10_001))
    assert [node.inputs for node in nodes] == [*([at + 1] for at in range(10_000)), []]
    assert sum(node.operator == "exp" for node in nodes) == 5_000
    assert sum(node.operator == "mul" for node in nodes) == 2_500
    assert {tuple(node.shape or ()) for node in nodes} == {(4,)}
    assert isinstance(found.more, More) and len(found.more.kinds) == 4
    assert len(encode(found)) < 500_000


@st.composite
def weaves(draw: st.DrawFn) -> torch.Tensor:
    """Each tensor is made of some of the last few."""
    made = [torch.ones(2, requires_grad=True) for _ in range(2)]
    for kind, one, other in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=40)
    ):
        a, b = (made[-min(back, len(made))] for back in (one, other))
        made.append([a + b, a * b, a.sum().expand(2)][kind])
    return made[-1]


def plain(node: Node) -> tuple[object, ...]:
    return node.id, node.name, node.operator, node.inputs, node.shape, node.dtype, node.saved, node.variable


@settings(deadline=None, max_examples=100)
@given(weaves(), st.integers(1, 12))
def test_what_is_told_shortly_is_the_same_as_in_full(tensor: torch.Tensor, limit: int) -> None:
    full, short = told(tensor), told(tensor, limit=limit)
    assert [*map(plain, nodes_of(short))] == [*map(plain, full.nodes)]
    assert len(short.nodes) == min(limit, len(full.nodes))


def test_beyond_what_is_told_the_rest_is_counted() -> None:
    y = ones(1)
    for _ in range(30_000):
        y = y + 1
    found = told(y)
    assert len(nodes_of(found)) == 20_000
    assert all(each < 20_000 for node in nodes_of(found) for each in node.inputs)


# ---- every kind of graph -------------------------------------------------------------------------------------


def test_a_graph_whose_buffers_are_freed_keeps_its_shapes_and_rules() -> None:
    y = (ones(2, 3) * ones(2, 3)).mean()
    before = told(y)
    y.backward()
    after = told(y)
    assert [node.shape for node in after.nodes] == [node.shape for node in before.nodes]
    assert after.nodes[0].rule == "d(mean a) = Σ da / n,  n = 6"
    assert after.nodes[1].rule == "d(a·b) = b·da + a·db" and not after.nodes[1].saved


def test_retain_graph_keeps_what_nodes_keep() -> None:
    y = ones(2).exp().sum()
    y.backward(retain_graph=True)
    assert [saved.name for saved in told(y).nodes[1].saved] == ["result"]


def test_changes_in_place_are_nodes_of_their_own() -> None:
    y = ones(3) * 2
    y.add_(1)
    y[0] = 5.0
    assert operators(y) == ["copy_slices", "add", "mul", "leaf"]
    z = ones(2).exp()
    w = z * 2
    z.mul_(3)  # what exp() has kept is out of date: backward() would raise, a look does not
    assert operators(w.sum() + z.sum())


def test_functions_of_ones_own_keep_their_name_and_have_no_rule_of_ours() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return grads[0] * 2 * ctx.saved_tensors[0]

    (node, leaf) = told(Square.apply(ones(2))).nodes
    assert (node.operator, node.rule, [saved.shape for saved in node.saved]) == ("Square", "", [[2]])
    assert leaf.name == "AccumulateGrad"


def test_hooks_are_neither_run_nor_in_the_way() -> None:
    ran: list[object] = []
    x = ones(2)
    x.register_hook(ran.append)
    y = x * 2
    y.register_hook(ran.append)
    y.retain_grad()
    assert y.grad_fn is not None
    y.grad_fn.register_hook(lambda *args: ran.append(args))  # type: ignore[func-returns-value]
    assert operators(y.sum()) == ["sum", "mul", "leaf"] and not ran


def test_saved_tensors_that_hooks_have_packed_stay_packed() -> None:
    def never(_: object) -> torch.Tensor:
        raise AssertionError("unpacked")

    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor.numel(), never):
        y = (ones(3) * ones(3)).exp()
    assert [[saved.shape for saved in node.saved] for node in told(y).nodes[:2]] == [[None], [None, None]]


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing(reentrant: bool) -> None:
    x = ones(3)
    y = checkpoint(lambda x: (x * 2).exp().sin(), x, use_reentrant=reentrant)
    assert operators(y) == (["CheckpointFunction", "leaf"] if reentrant else ["sin", "exp", "mul", "leaf"])
    y.sum().backward()
    assert operators(y)


def test_a_compiled_function_is_one_node() -> None:
    compiled = torch.compile(lambda x: (x * 2).exp().sum(), backend="aot_eager")
    assert operators(compiled(ones(3))) == ["compiled", "leaf"]


def test_the_graph_of_a_gradient() -> None:
    x = ones(3)
    (gradient,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    found = operators(gradient)
    assert found[0] == "mul" and "pow" in found and found.count("leaf") == 1


def test_the_graph_of_a_double_backward() -> None:
    x = ones(3)
    (x**3).sum().backward(create_graph=True)
    assert x.grad is not None and x.grad.grad_fn is not None
    assert "pow" in operators(x.grad)
    x.grad.sum().backward()
    assert operators(x.grad)
    x.grad = None  # the leaf and its graph hold each other


def test_a_graph_over_a_tensor_that_was_made_in_inference_mode() -> None:
    with torch.inference_mode():
        c = torch.full((2,), 3.0)
    y = ones(2) + c
    assert operators(y) == ["add", "leaf"]
    with torch.inference_mode():
        z = y * 2
    assert graph("z", z, 1) is None


def test_inside_of_vmap_and_grad() -> None:
    seen: list[Graph | None] = []
    w = ones(2)

    def f(x: torch.Tensor) -> torch.Tensor:
        y = (x * w).sum()
        seen.append(graph("y", y, 1))
        return y

    y = torch.func.vmap(f)(torch.ones(3, 2))
    assert "mul" in operators(y)
    torch.func.grad(f)(torch.ones(2))
    assert len(seen) == 2


def test_a_view_of_a_view_and_several_outputs() -> None:
    a, b = ones(4, 2).unbind(1)
    assert operators((a * b[1:].sum()).view(2, 2))[:2] == ["view", "mul"]


def test_nothing_is_kept_alive() -> None:
    x = ones(3)
    y = (x * 2).exp()
    references = [weakref.ref(x), weakref.ref(y)]
    found = told(y, limit=1)
    del x, y
    gc.collect()
    assert found.nodes and [reference() for reference in references] == [None, None]
