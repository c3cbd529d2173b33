"""Marks change nothing, and know which statement made which node."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch.optim import optimizer

from ptlearn_tui.events import Graph, Line, Metric, Tensors, Value
from ptlearn_tui.kernel import backward, marks

from .cells import BACKWARD, CONTROL, NETWORK, Cells


@pytest.fixture
def cells() -> Cells:
    return Cells()


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every loop and function is hot after two turns, and is shown again and again: all switches are thrown."""
    monkeypatch.setattr(marks, "LOOK", 2)
    monkeypatch.setattr(marks, "SHARE", -1.0)
    monkeypatch.setattr(marks, "WINDOW", 0.0)


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every loop and function is hot after two turns, and stays so."""
    monkeypatch.setattr(marks, "LOOK", 2)
    monkeypatch.setattr(marks, "SHARE", -1.0)
    monkeypatch.setattr(marks, "WINDOW", 1e9)


# ---- switching between marked and plain ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["restless", "resting"])
def test_loops_and_functions_that_rest_do_what_plain_ones_do(
    cells: Cells,
    mode: str,
    request: pytest.FixtureRequest,
) -> None:
    request.getfixturevalue(mode)
    plain: dict[str, Any] = {"__name__": "__main__"}
    exec(CONTROL, plain)
    for _ in range(3):
        cells.run(CONTROL)
        assert cells.done().ok, cells.events[-2]
        assert cells.namespace["log"] == plain["log"]


LOOPS = """
def run(n, stop, skip, inner, raises):
    log = []
    class Own:
        def __init__(self): self.at = 0
        def __iter__(self): return self
        def __next__(self):
            log.append("next")
            self.at += 1
            if self.at > n:
                raise StopIteration
            return self.at
    for source in (range(n), iter(range(n)), [*range(n)], Own(), (k for k in range(n)), enumerate(range(n))):
        try:
            for i in source:
                log.append(i)
                if i == skip:
                    continue
                for j in range(inner):
                    if j == stop:
                        break
                    log.append((i, j))
                else:
                    log.append("whole")
                if i == raises:
                    raise ValueError(i)
                if i == stop:
                    break
            else:
                log.append("else")
        except ValueError as error:
            log.append(repr(error))
        log.append(len([*source]) if hasattr(source, "__next__") else None)
        k = 0
        while k < n:
            k += 1
            if k == skip:
                continue
            if k == stop:
                break
        else:
            log.append("while")
        log.append(k)
    def recursive(d):
        for i in range(4):
            if d and i % 2:
                recursive(d - 1)
            if i == stop:
                return
            log.append((d, i))
    recursive(3)
    return log
"""


@pytest.mark.parametrize("mode", ["restless", "resting"])
def test_break_continue_else_and_what_is_left_in_an_iterator(
    cells: Cells,
    mode: str,
    request: pytest.FixtureRequest,
) -> None:
    request.getfixturevalue(mode)
    plain: dict[str, Any] = {}
    exec(LOOPS, plain)
    cells.run(LOOPS)
    for case in itertools.product((0, 1, 3, 9), (-1, 0, 2, 7), (-1, 1, 5), (0, 1, 6), (-1, 0, 4)):
        cells.run(f"result = run{case}")
        assert cells.done().ok
        assert cells.namespace["result"] == plain["run"](*case), case


def test_a_hot_function_loses_its_marks_and_gets_them_back(cells: Cells, resting: None) -> None:
    cells.run(
        "def f(x):\n    y = x + 1\n    return y\nmarked = f.__code__\n"
        "*r, plain = [*(f(i) for i in range(9)), f.__code__]"
    )
    names = cells.namespace
    assert names["r"] == [*range(1, 10)]
    assert "<mark>" in names["marked"].co_names and "<mark>" not in names["plain"].co_names
    assert {line.line: line.times for line in cells.of(Line)}[2] == 0, "nobody has counted to the end"
    cells.run("s = f(5)")
    assert names["f"].__code__ is names["marked"]
    assert {line.line: line.text for line in cells.of(Line) if line.line_cell == 0} == {2: "6", 3: "6"}


def test_the_end_of_a_loop_shows_the_last_values_and_counts(cells: Cells) -> None:
    cells.run(
        "total = 0\nfor i in range(7):\n    total += i\n    if i > 100:\n        rare = 1\n    "
        "a = b = i\n    for j in range(2):\n        pass"
    )
    last = {line.line: line for line in cells.of(Line)}
    assert {line: (last[line].text, last[line].times) for line in last} == {
        1: ("0", 1), 2: ("6", 7), 3: ("21", 7), 6: ("6", 7), 7: ("1", 14)
    }  # fmt: skip


def test_a_function_with_a_training_loop_shows_its_last_values(cells: Cells) -> None:
    cells.run("def train():\n    for step in range(40):\n        loss = step * 2\n    return loss\nx = train()")
    last = {line.line: line for line in cells.of(Line)}
    assert (last[3].text, last[3].times, last[2].text) == ("78", 40, "39")


def test_a_value_that_is_not_the_last_is_taken_back(cells: Cells, resting: None) -> None:
    cells.run("def f(i):\n    y = torch.ones(i)\n    return y * i\nr = [f(i) for i in range(1, 4)]")
    last = {line.line: line for line in cells.of(Line)}
    assert (last[2].shape, last[2].text) == ([1], "")


# ---- training --------------------------------------------------------------------------------------------------


def test_every_point_of_a_loss_is_told_in_order_once(cells: Cells) -> None:
    cells.run(
        "w = torch.tensor(1.0, requires_grad=True)\nkept = []\n"
        "for step in range(700):\n    w.grad = None\n"
        "    loss = (w - step) ** 2\n    loss.backward()\n    kept.append(loss.item())"
    )
    points = cells.of(Metric)
    assert [point.step for point in points] == [*range(1, 701)]
    assert [point.value for point in points] == cells.namespace["kept"]
    assert {point.name for point in points} == {"loss"}


def test_each_call_site_is_a_series_and_one_backward_is_none(cells: Cells) -> None:
    cells.run(
        "a = torch.tensor(1.0, requires_grad=True)\n"
        "for _ in range(2):\n    d_loss = a * 2\n    d_loss.backward()\n    loss = a * 3\n    loss.backward()\n"
        "    (a * 4).backward()\n    torch.autograd.backward(a * 5)\n"
        "    scaler_loss = a * 6\n    torch.autograd.backward(scaler_loss)\n"
        "(a * 7).backward()"
    )
    assert {point.name: point.value for point in cells.of(Metric)} == {
        "d_loss": 2.0, "loss": 3.0, "loss 2": 4.0, "loss 3": 5.0, "scaler_loss": 6.0
    }  # fmt: skip
    cells.run("(a * 7).backward()\nfrom torch.autograd import backward")
    assert not cells.of(Metric)
    cells.run("for _ in range(2):\n    c = a * 2\n    backward(c)")
    assert {point.name for point in cells.of(Metric)} == {"c"}


def test_a_scaled_loss_is_told_unscaled(cells: Cells) -> None:
    cells.run(
        "w = torch.tensor(3.0, requires_grad=True)\nscaler = torch.amp.GradScaler('cpu', init_scale=1024.0)\n"
        "for _ in range(2):\n    loss = w * 2\n    scaler.scale(loss).backward()"
    )
    assert [(point.name, point.value) for point in cells.of(Metric)] == [("loss", 6.0), ("loss", 6.0)]
    assert cells.namespace["w"].grad.item() == 4096.0


def test_a_checkpoint_inside_backward_is_no_loss_of_its_own(cells: Cells) -> None:
    cells.run(
        "from torch.utils.checkpoint import checkpoint\nw = torch.ones(3, requires_grad=True)\n"
        "for _ in range(2):\n    loss = checkpoint(lambda x: x.exp(), w, use_reentrant=True).sum()\n    loss.backward()"
    )
    assert cells.done().ok
    assert [point.step for point in cells.of(Metric)] == [1, 2]


def test_vector_backward_is_no_loss_and_names_its_leaf(cells: Cells) -> None:
    cells.run(BACKWARD)
    assert not cells.of(Metric)
    assert cells.lines()[15] == "→ x.grad"


def test_a_long_loop_tells_its_graph_and_cards_as_it_goes(
    cells: Cells,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backward, "PACE", 0.0)
    cells.run(
        "w = torch.tensor(1.0, requires_grad=True)\nfor step in range(4):\n    loss = w * step\n    loss.backward()"
    )
    assert [graph.root for graph in cells.of(Graph)] == ["loss"] * 4
    live = [event for event in cells.of(Tensors) if event.line == 2]
    assert [[item.name for item in event.items] for event in live] == [["loss"]] * 3 + [["loss", "w"]]


def test_torch_is_left_as_it_was(cells: Cells) -> None:
    def touched() -> list[object]:
        return [torch.autograd.backward, torch.Tensor.backward, torch.amp.GradScaler.scale, input]

    before, hooks = touched(), len(optimizer._global_optimizer_post_hooks)
    cells.run("x = torch.ones(1, requires_grad=True)\nx.backward()\n1 / 0")
    assert touched() == before
    assert len(optimizer._global_optimizer_post_hooks) == hooks


STEPS = """
w = torch.nn.Parameter(torch.ones(1))
optimizer = torch.optim.SGD([w], lr=0.5)
told = []
def step():
    optimizer.step()
    told.append(optimizer.param_groups[0]["lr"])
"""


def rates(cells: Cells, name: str = "rate") -> list[tuple[int, float]]:
    return [(point.step, float(point.value)) for point in cells.of(Metric) if point.name == name]


def test_a_rate_is_drawn_from_the_last_step_before_it_changes(cells: Cells) -> None:
    cells.run(STEPS + "s = torch.optim.lr_scheduler.StepLR(optimizer, 3)\nfor i in range(8):\n    step()\n    s.step()")
    assert rates(cells) == [*enumerate(cells.namespace["told"][2:], 3)]


def test_a_rate_that_changes_each_step_is_drawn_whole(cells: Cells) -> None:
    cells.run(
        STEPS + "s = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=600)\n"
        "for i in range(600):\n    step()\n    s.step() if i < 599 else None"
    )
    assert rates(cells) == [*enumerate(cells.namespace["told"], 1)]


def test_a_constant_rate_is_no_curve(cells: Cells) -> None:
    cells.run(STEPS + "s = torch.optim.lr_scheduler.LambdaLR(optimizer, float)\nfor i in range(9):\n    step()")
    cells.run("s = torch.optim.lr_scheduler.ConstantLR(optimizer, 1)\nfor i in range(9):\n    step()\n    s.step()")
    assert not cells.of(Metric)


def test_each_optimizer_has_a_rate_of_its_own_in_each_cell(cells: Cells) -> None:
    two = STEPS + "other = torch.optim.Adam([w], lr=0.1)\n"
    cells.run(
        two + "for lr in (1, 2, 3):\n    for g in (optimizer, other):\n        g.param_groups[0]['lr'] = lr; g.step()"
    )
    assert rates(cells) == rates(cells, "rate 2") == [(1, 1.0), (2, 2.0), (3, 3.0)]
    cells.run("other.step()\nother.param_groups[0]['lr'] = 7.0\nother.step()")
    assert rates(cells) == [(1, 3.0), (2, 7.0)]


def test_a_rate_that_cannot_be_read_is_left_out(cells: Cells) -> None:
    cells.run(
        STEPS + "for rate in (torch.tensor(0.1), torch.tensor(0.2), '?'):\n"
        "    optimizer.param_groups[0]['lr'] = rate\n    optimizer.step() if rate != '?' else None\n"
        "class Own(torch.optim.Optimizer):\n    def step(self): pass\n"
        "own = Own([w], {})\nown.step()\nown.step()"
    )
    assert cells.done().ok and not cells.of(Metric)


def test_the_rates_keep_no_optimizer_alive(cells: Cells) -> None:
    cells.run(STEPS + "import weakref\nstep()\nr = weakref.ref(optimizer)\ndel optimizer\nr() is None")
    assert [value.text for value in cells.of(Value)] == ["True"]


def test_marked_training_computes_the_same_bits(cells: Cells, restless: None) -> None:
    source = "torch.manual_seed(0)\n" + NETWORK
    cells.run(source)
    plain: dict[str, Any] = {"__name__": "__main__", "torch": torch}
    exec(source, plain)
    for ours, theirs in zip(cells.namespace["net"].parameters(), plain["net"].parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_compiled_function_does_not_break_up_at_marks(cells: Cells) -> None:
    pytest.importorskip("torch._dynamo")
    cells.run("import torch._dynamo\n")
    cells.run(
        "graphs = []\n"
        "def backend(module, inputs):\n    graphs.append(module)\n    return module.forward\n"
        "@torch.compile(backend=backend)\n"
        "def f(x):\n    y = x\n    for i in range(3):\n        y = y * 2\n    i = 0\n"
        "    while i < 2:\n        y = y + 1\n        i += 1\n    if i:\n        y = y.exp()\n    return y\n"
        "r = f(torch.zeros(2))"
    )
    assert cells.done().ok, cells.events[-2]
    assert len(cells.namespace["graphs"]) == 1
    assert torch.equal(cells.namespace["r"], torch.full((2,), 2.0).exp())


def test_a_child_process_says_nothing(cells: Cells) -> None:
    cells.namespace["count"] = lambda: len(cells.events)
    cells.run(
        "import os\ndef f(x):\n    y = x + 1\n    return y\n"
        "r, w = os.pipe()\npid = os.fork()\n"
        "if pid == 0:\n"
        "    before = count()\n    f(3)\n    for i in range(3):\n        z = i\n"
        "    os.write(w, b'%d' % (count() - before))\n    os._exit(0)\n"
        "os.waitpid(pid, 0)[1]\nos.read(r, 9)"
    )
    assert [value.text for value in cells.of(Value)] == ["0", "b'0'"]
