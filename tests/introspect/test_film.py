"""A film shows what backward() did, and backward() does the same with and without it."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.checkpoint import checkpoint

from ptlearn_tui.events import Film, decode, encode
from ptlearn_tui.introspect.autograd import Reader
from ptlearn_tui.introspect.film import Recorder
from ptlearn_tui.introspect.names import Named
from ptlearn_tui.introspect.rules import rule_of

# What a random program does: how it is called, and with how many tensors.
OPERATIONS: list[tuple[Any, int]] = [
    (torch.add, 2),
    (torch.sub, 2),
    (torch.mul, 2),
    (torch.div, 2),
    (torch.maximum, 2),
    (torch.mm, 2),
    (torch.exp, 1),
    (torch.sin, 1),
    (torch.tanh, 1),
    (torch.sigmoid, 1),
    (torch.relu, 1),
    (torch.t, 1),
    (lambda a: a.softmax(1), 1),
]
EXTRA: dict[int, tuple[Any, ...]] = {12: (1,)}  # what a rule wants to know beyond the tensors


class Program:
    """Random operations on two random leaves, each with what went in and came out, by its node's number."""

    def __init__(self, steps: list[tuple[int, int, int]], seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.leaves = [(0.5 + torch.rand(2, 2, dtype=torch.float64, generator=draw)).requires_grad_() for _ in "ab"]
        self.made = list(self.leaves)
        self.steps: dict[int, tuple[int, tuple[torch.Tensor, ...], torch.Tensor]] = {}
        for kind, one, other in steps:
            call, count = OPERATIONS[kind]
            inputs = tuple(self.made[-min(back, len(self.made))] for back in (one, other)[:count])
            y = call(*inputs)
            assert y.grad_fn is not None
            self.steps[y.grad_fn._sequence_nr()] = kind, inputs, y
            self.made.append(y)
        self.out = self.made[-1].sum()


programs = st.builds(
    Program,
    st.lists(
        st.tuples(st.integers(0, len(OPERATIONS) - 1), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=12
    ),
    st.integers(0, 1_000),
)


def filmed(root: torch.Tensor, *, names: dict[int, str] | None = None, **options: Any) -> Film:
    """Run backward() before the camera; the film as it comes over the wire."""

    def name_of(leaf: torch.Tensor) -> Named | None:
        return Named(names[id(leaf)], None) if names and id(leaf) in names else None

    recorder = Recorder(root, Reader(0, name_of), jacobian=True)
    root.backward(**options)
    recorder.stop()
    read = decode(encode(recorder.film("out", 1, 0, 0)))
    assert isinstance(read, Film)
    return read


def tensor(values: Any) -> torch.Tensor:
    """A record's values; those that are not finite stand as words."""
    if isinstance(values, list):
        return torch.stack([tensor(value) for value in values]) if values else torch.zeros(0)
    return torch.tensor(float(values), dtype=torch.float64)


@settings(deadline=None, max_examples=150)
@given(programs)
def test_the_gradients_that_leaves_take_in_are_theirs(program: Program) -> None:
    names = {id(leaf): f"leaf{index}" for index, leaf in enumerate(program.leaves)}
    film = filmed(program.out, names=names)
    taken = {film.nodes[shot.node].variable: shot for shot in film.shots if film.nodes[shot.node].variable}
    for index, leaf in enumerate(program.leaves):
        shot = taken.get(f"leaf{index}")
        if leaf.grad is None:
            assert shot is None
            continue
        assert shot is not None and shot.before is None and shot.after is not None
        for gradient in (shot.after, *shot.incoming):
            assert gradient is not None
            torch.testing.assert_close(tensor(gradient.values), leaf.grad, rtol=0, atol=0, equal_nan=True)


@settings(deadline=None, max_examples=150)
@given(programs)
def test_each_step_is_what_its_rule_says(program: Program) -> None:
    order: list[int] = []

    class Numbered(Reader):
        def read(self, node: Any, *args: Any, **options: Any) -> Any:
            order.append(node._sequence_nr())
            return super().read(node, *args, **options)

    recorder = Recorder(program.out, Numbered(), jacobian=False)
    program.out.backward()
    recorder.stop()
    film = recorder.film("out", 1, 0, 0)
    checked = 0
    for shot in film.shots:
        step = program.steps.get(order[shot.node])
        if step is None:
            continue
        kind, inputs, y = step
        rule = rule_of(film.nodes[shot.node].name)
        assert rule is not None
        came = shot.incoming[0]
        assert came is not None
        with torch.no_grad():
            expected = rule.backward(tensor(came.values), y, *inputs, *EXTRA.get(kind, ()))
        sent = [flow.gradient for flow in shot.outgoing]
        assert len(sent) == len(inputs)
        for one, other in zip(sent, expected, strict=True):
            assert one is not None
            finite = other.isfinite()  # 0 / 0: PyTorch computes the same in another order
            torch.testing.assert_close(tensor(one.values)[finite], other[finite])
        checked += 1
    assert checked


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=12),
    st.integers(0, 1_000),
)
def test_the_camera_changes_nothing(steps: list[tuple[int, int, int]], seed: int) -> None:
    plain, taken = Program(steps, seed), Program(steps, seed)
    plain.out.backward()
    filmed(taken.out)
    for one, other in zip(plain.leaves, taken.leaves, strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None and other.grad is not None:
            assert torch.equal(one.grad.view(torch.int64), other.grad.view(torch.int64))  # bit by bit, NaN too
            assert one.grad.stride() == other.grad.stride()


def test_a_network_trains_to_the_same_bits() -> None:
    def weights(film: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        net = torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Flatten(), torch.nn.Dropout(0.3), torch.nn.Linear(36, 5),
        )  # fmt: skip
        optimizer = torch.optim.Adam(net.parameters())
        for _ in range(5):
            loss = torch.nn.functional.cross_entropy(net(torch.randn(8, 1, 8, 8)), torch.randint(5, (8,)))
            optimizer.zero_grad()
            if film:
                assert len(filmed(loss).shots) > 10
            else:
                loss.backward()
            optimizer.step()
        return [parameter.detach() for parameter in net.parameters()]

    assert all(torch.equal(one, other) for one, other in zip(weights(True), weights(False), strict=True))


def test_the_notes_example_step_by_step() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    film = filmed(((x + 2) * 3 * 3).mean(), names={id(x): "x"})
    told = [
        (film.nodes[shot.node].operator, [each.values for each in shot.incoming if each], shot.outgoing and
         shot.outgoing[0].gradient and shot.outgoing[0].gradient.values)
        for shot in film.shots
    ]  # fmt: skip
    assert told == [
        ("mean", [1.0], [[0.25, 0.25], [0.25, 0.25]]),
        ("mul", [[[0.25, 0.25], [0.25, 0.25]]], [[0.75, 0.75], [0.75, 0.75]]),
        ("mul", [[[0.75, 0.75], [0.75, 0.75]]], [[2.25, 2.25], [2.25, 2.25]]),
        ("add", [[[2.25, 2.25], [2.25, 2.25]]], [[2.25, 2.25], [2.25, 2.25]]),
        ("x", [[[2.25, 2.25], [2.25, 2.25]]], []),
    ]
    assert film.shots[-1].after is not None and film.shots[-1].after.norm == 4.5


def test_a_second_backward_adds_to_what_the_leaf_had() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 3).sum().backward()
    shot = filmed((x * x).sum(), names={id(x): "x"}).shots[-1]
    assert shot.before is not None and shot.after is not None and shot.incoming[0] is not None
    assert (shot.before.values, shot.incoming[0].values, shot.after.values) == ([3.0, 3.0], [2.0, 4.0], [5.0, 7.0])


FUNCTIONS: list[tuple[Any, tuple[int, ...]]] = [
    (lambda x: x**2, (2,)),
    (lambda x: x.sin() * x.sum(), (3,)),
    (lambda x: x.softmax(0), (4,)),
    (lambda x: (x @ x).reshape(-1)[:3], (3, 3)),
    (lambda x: x.sum(), (2, 2)),
    (lambda x: x.expand(2, 4).cumsum(1), (4,)),
]


@pytest.mark.parametrize(("function", "shape"), FUNCTIONS)
def test_the_jacobian_is_that_of_jacrev_and_vT_J_arrives(function: Any, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = torch.rand(shape, dtype=torch.float64, requires_grad=True)
    y = function(x)
    v = torch.rand_like(y)
    film = filmed(y, names={id(x): "x"}, gradient=v)
    expected = torch.func.jacrev(function)(x.detach()).reshape(y.numel(), x.numel())
    torch.testing.assert_close(tensor(film.jacobian), expected)
    assert (film.leaf, film.shape) == ("x", list(y.shape))
    first = film.shots[0].incoming[0]
    assert first is not None and torch.equal(tensor(first.values), v)
    torch.testing.assert_close(v.reshape(-1) @ tensor(film.jacobian), x.grad.reshape(-1))


def test_there_is_no_jacobian_where_taking_it_could_be_noticed() -> None:
    ran = []
    x = torch.rand(2, requires_grad=True)
    x.register_hook(lambda grad: ran.append(1))
    assert filmed(x * 2, gradient=torch.ones(2)).jacobian is None and len(ran) == 1

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            ran.append(2)
            return grads[0] * 2

    film = filmed(Twice.apply(torch.rand(2, requires_grad=True)).sum())
    assert film.jacobian is None and ran == [1, 2] and film.shots[1].outgoing
    assert filmed(torch.rand(17, requires_grad=True) * 2, gradient=torch.ones(17)).jacobian is None
    a, b = torch.rand(2, requires_grad=True), torch.rand(2, requires_grad=True)
    assert filmed(a + b, gradient=torch.ones(2)).jacobian is None


def test_values_are_bounded_and_long_graphs_too() -> None:
    x = torch.ones(100, 100, 3, requires_grad=True)
    y = x
    for _ in range(2_500):
        y = y * 1.0
    film = filmed(y.sum())
    assert (len(film.nodes), film.left_out, len(film.shots)) == (2_000, 502, 2_000)
    last = film.shots[-1].outgoing
    assert last == [] or last[0].gradient is not None
    gradient = film.shots[1].incoming[0]
    assert gradient is not None and len(gradient.values) == 8 and len(gradient.values[0]) == 3


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoints_are_filmed(reentrant: bool) -> None:
    x = torch.rand(3, requires_grad=True)
    film = filmed(checkpoint(lambda x: (x * 2).exp(), x, use_reentrant=reentrant).sum(), names={id(x): "x"})
    assert film.shots[-1].after is not None and x.grad is not None
    assert film.shots[-1].after.values == pytest.approx(x.grad.tolist())


def test_second_derivatives_inputs_and_unused_outputs() -> None:
    x = torch.rand(3, requires_grad=True)
    film = filmed((x**3).sum(), create_graph=True)
    assert x.grad is not None and x.grad.grad_fn is not None and film.shots[-1].after is not None
    x.grad = None
    spread, _mean = torch.std_mean(torch.rand(4, 2, requires_grad=True), 1)
    (shot, *_) = [shot for shot in filmed(spread.sum()).shots if len(shot.incoming) == 2]
    assert shot.incoming[1] is None
    a, b = torch.rand(2, requires_grad=True), torch.rand(2, requires_grad=True)
    film = filmed((a * b).sum(), names={id(a): "a", id(b): "b"}, inputs=[a])
    assert {film.nodes[shot.node].variable for shot in film.shots} == {None, "a"}


def test_a_backward_that_raises_leaves_no_hooks() -> None:
    x = torch.rand(2, requires_grad=True)
    y = x.exp()
    out = (y * 2).sum()
    recorder = Recorder(out, Reader(), jacobian=True)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        out.backward()
    recorder.stop()
    shots = len(recorder.film("out", 1, 0, 0).shots)
    (x * 2).sum().backward()
    assert len(recorder.film("out", 1, 0, 0).shots) == shots


def test_nothing_is_kept_alive() -> None:
    x = torch.ones(3, requires_grad=True)
    y = (x * 2).exp()
    film = filmed(y.sum())
    references = [weakref.ref(x), weakref.ref(y), weakref.ref(x.grad)]
    del x, y
    gc.collect()
    assert film.shots and [reference() for reference in references] == [None] * 3
