"""A graph equals what a plain recursive walk finds, before and after backward()."""

from __future__ import annotations

import weakref
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from ptlearn_tui.introspect.autograd import Reader, graph, leaves
from ptlearn_tui.introspect.names import Named, Names, Place
from ptlearn_tui.introspect.operators import words

OPERATIONS: list[Any] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a @ b,
    lambda a, b: a.exp(),
    lambda a, b: a.T,
    lambda a, b: torch.cat([a, b])[:3],
    lambda a, b: a.unbind()[1].expand(3, 3),
    lambda a, b: a.max(0)[0].expand(3, 3),
    lambda a, b: a.relu().sum() + b,
    lambda a, b: a.detach() * b,
]


@st.composite
def programs(draw: st.DrawFn) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The result of a few random operations on a few leaves, and the leaves."""
    made = [torch.ones(3, 3, requires_grad=True) for _ in range(draw(st.integers(1, 3)))]
    found = list(made)
    for _ in range(draw(st.integers(1, 12))):
        operation = draw(st.sampled_from(OPERATIONS))
        pick = st.integers(max(0, len(made) - 4), len(made) - 1)
        made.append(operation(made[draw(pick)], made[draw(pick)]))
    return made[-1], found


def recursive(node: Any, seen: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    if node not in seen:
        seen[node] = [inner for inner, _ in node.next_functions if inner is not None]
        for inner in seen[node]:
            recursive(inner, seen)
    return seen


@settings(deadline=None, max_examples=200)
@given(programs())
def test_a_graph_equals_a_recursive_walk(program: tuple[torch.Tensor, list[torch.Tensor]]) -> None:
    result, inputs = program
    if result.grad_fn is None:
        assert graph("r", result, 1) is None
        return
    names = {id(leaf): f"leaf{index}" for index, leaf in enumerate(inputs)}
    found = graph("r", result, 1, Reader(None, lambda leaf: Named(names[id(leaf)], None)))
    assert found is not None and found.left_out == 0
    plain = recursive(result.grad_fn, {})
    assert len(found.nodes) == len(plain)

    def same(record: int, node: Any, seen: set[int]) -> None:
        told = found.nodes[record]
        assert told.name == node.name().rpartition("::")[2]
        assert [found.nodes[inner].name for inner in told.inputs] == [
            inner.name().rpartition("::")[2] for inner in plain[node]
        ]
        if hasattr(node, "variable"):
            assert told.variable == names[id(node.variable)] == told.operator
            assert told.shape == [3, 3]
        if record not in seen:
            seen.add(record)
            for index, inner in zip(told.inputs, plain[node], strict=True):
                same(index, inner, seen)

    same(0, result.grad_fn, set())
    assert found.nodes[0].shape == list(result.shape)
    assert {id(leaf) for leaf in leaves(result)} == {id(n.variable) for n in plain if hasattr(n, "variable")}


def test_saved_tensors_are_told_while_they_are_there_and_nothing_raises_after() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    y = (x * x).exp().sum()
    before = graph("y", y, 1)
    assert before is not None
    assert [[(saved.name, saved.shape) for saved in node.saved] for node in before.nodes] == [
        [], [("result", [2, 3])], [("other", [2, 3]), ("self", [2, 3])], []
    ]  # fmt: skip
    y.backward()
    after = graph("y", y, 1)
    assert after is not None and all(not node.saved for node in after.nodes)
    assert [node.shape for node in after.nodes] == [node.shape for node in before.nodes]


def test_the_learners_saved_tensor_hooks_are_not_run() -> None:
    ran = []
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: (ran.append(1), t)[1]):
        y = (x * x).sum()
    found = graph("y", y, 1)
    assert found is not None and not ran
    assert [saved.shape for saved in found.nodes[1].saved] == [None, None]


def test_a_learners_own_function_keeps_its_name() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return grads[0] * 2

    y = Twice.apply(torch.ones(3, requires_grad=True))
    found = graph("y", y, 1)
    assert found is not None
    assert (found.nodes[0].name, found.nodes[0].operator) == ("TwiceBackward", "Twice")
    assert [saved.shape for saved in found.nodes[0].saved] == [[3]]
    y.sum().backward()
    assert graph("y", y, 1) is not None


def test_a_long_chain_is_bounded_and_says_how_much_is_left_out() -> None:
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(5_000):
        y = y + 1
    found = graph("y", y, 1)
    assert found is not None and (len(found.nodes), found.left_out) == (2_000, 3_001)
    assert found.nodes[-1].inputs == []  # of those that are told in full
    short = graph("y", y, 1, whole=False)
    assert short is not None and (len(short.nodes), short.left_out, short.more) == (2_000, 3_001, UNSET)


def test_a_graph_keeps_nothing_alive() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    z = y.exp()
    references = [weakref.ref(tensor) for tensor in (x, y, z)]
    found = graph("z", z, 1)
    del x, y, z
    assert found is not None and [reference() for reference in references] == [None] * 3


def test_lines_come_from_sequence_numbers_and_leaves_from_names() -> None:
    x = torch.ones(3, requires_grad=True)
    first = torch._C._autograd._get_sequence_nr()
    y = (x * 2).exp()
    found = graph(
        "y",
        y,
        9,
        Reader(
            4,
            lambda leaf: Named("x", Place(4, 1)) if leaf is x else None,
            lambda number: Place(2, 10 + number - first),
        ),
    )
    assert found is not None
    assert [(node.line, node.line_cell if node.line_cell != 4 else None) for node in found.nodes][:2] == [
        (11, 2),
        (10, 2),
    ]
    assert (found.nodes[2].line, found.nodes[2].variable) == (1, "x")


@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("MulBackward0", "mul"),
        ("MeanBackward1", "mean"),
        ("AddmmBackward0", "addmm"),
        ("ConvolutionBackward0", "convolution"),
        ("MaxPool2DWithIndicesBackward0", "max_pool2d"),
        ("AdaptiveAvgPool2DBackward0", "adaptive_avg_pool2d"),
        ("LogSoftmaxBackward0", "log_softmax"),
        ("NllLossBackward0", "nll_loss"),
        ("BinaryCrossEntropyWithLogitsBackward0", "binary_cross_entropy_with_logits"),
        ("NativeBatchNormBackward0", "batch_norm"),
        ("LinalgVectorNormBackward0", "norm"),
        ("Log1PBackward0", "log1p"),
        ("TBackward0", "transpose"),
        ("CopySlices", "copy_slices"),
        ("torch::autograd::AccumulateGrad", "leaf"),
    ],
)
def test_operators_in_words(name: str, operator: str) -> None:
    assert words(name) == operator


def test_parameters_are_named_within_their_module_and_apart_where_two_have_one_name() -> None:
    names = Names()
    net, other = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    name_of = names.reader({"net": net})
    found = name_of(net.weight)
    assert found is not None and found.name == "weight"
    name_of = names.reader({"net": net, "other": other})
    assert [named.name for named in map(name_of, (net.weight, other.weight)) if named] == ["net.weight", "other.weight"]
    whole = torch.nn.Sequential(net)
    named = names.reader({"layer": net, "whole": whole})(net.weight)
    assert named is not None and named.name in ("0.weight", "weight")


def test_names_do_not_keep_leaves_alive_or_take_one_for_another() -> None:
    names = Names()
    x = torch.ones(1, requires_grad=True)
    names.note("x", x, Place(0, 1))
    address = id(x)
    reference = weakref.ref(x)
    del x
    assert reference() is None
    for _ in range(100):
        y = torch.ones(1, requires_grad=True)
        if id(y) == address:
            break
    assert names.reader({})(y) is None
