"""The line that a node of a graph is said to come from is the line that made it; or unknown, and then it is said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptlearn_tui.events import UNSET, Graph, Line
from ptlearn_tui.kernel import marks

from .cells import Cells
from .programs import CELL, Program

if TYPE_CHECKING:
    from random import Random

    from ptlearn_tui.events import Node


@pytest.fixture
def cells() -> Cells:
    return Cells()


def nodes(cells: Cells, root: str) -> list[Node]:
    return [graph for graph in cells.of(Graph) if graph.root == root][-1].nodes


def lines_of(cells: Cells, root: str) -> list[tuple[str, int | None]]:
    return [(node.operator, node.line) for node in nodes(cells, root)]


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every loop and function is hot after two turns, and stays so."""
    monkeypatch.setattr(marks, "LOOK", 2)
    monkeypatch.setattr(marks, "SHARE", -1.0)
    monkeypatch.setattr(marks, "WINDOW", 1e9)


def test_a_call_inside_a_call_gives_each_node_its_own_line(cells: Cells) -> None:
    cells.run(
        "def net(x):\n"
        "    h = x * 2\n"
        "    return h.exp()\n"
        "def crit(a, b):\n"
        "    d = a - b\n"
        "    return d.mean()\n"
        "x = torch.ones(3, requires_grad=True)\n"
        "y = torch.ones(3)\n"
        "loss = crit(net(x), y).sin()"
    )
    assert lines_of(cells, "loss") == [("sin", 9), ("mean", 6), ("sub", 5), ("exp", 3), ("mul", 2), ("x", 7)]


def test_what_a_caller_makes_before_and_after_a_call_is_its_own(cells: Cells) -> None:
    cells.run(
        "def f(a):\n    return a.exp()\nx = torch.ones(3, requires_grad=True)\ny = (x * 2) + f(x.sin()) + f(x).cos()"
    )
    assert sorted(lines_of(cells, "y"), key=str) == sorted(
        [("add", 4), ("add", 4), ("mul", 4), ("exp", 2), ("sin", 4), ("cos", 4), ("exp", 2), ("x", 3)], key=str
    )


def test_a_function_that_raises_gives_the_line_back(cells: Cells) -> None:
    cells.run(
        "def f(a):\n    b = a * 2\n    raise ValueError\n"
        "x = torch.ones(3, requires_grad=True)\n"
        "def g(a):\n    try:\n        f(a)\n    except ValueError:\n        pass\n    return a.exp()\n"
        "y = g(x).sin()"
    )
    assert lines_of(cells, "y") == [("sin", 11), ("exp", 10), ("x", 4)]


def test_every_turn_of_an_unrolled_loop_has_its_line(cells: Cells) -> None:
    cells.run(
        "x = torch.ones(3, requires_grad=True)\nh = x\n"
        "for i in range(3):\n    h = h * 2\n    if i:\n        h = h.exp()\n"
        "out = h.sum()"
    )
    assert lines_of(cells, "out") == [
        ("sum", 7), ("exp", 6), ("mul", 4), ("exp", 6), ("mul", 4), ("mul", 4), ("x", 1)
    ]  # fmt: skip


def test_a_method_of_an_earlier_cell_is_shown_with_that_cell(cells: Cells) -> None:
    cells.run("class A:\n    def double(self, x):\n        y = x * 2\n        return y")
    cells.run("a = A()\nx = torch.ones(3, requires_grad=True)\ny = a.double(x).exp()")
    inside = {(line.line_cell, line.line): line for line in cells.of(Line)}
    assert inside[0, 3].name == "y" and inside[0, 3].operator == "mul" and inside[0, 3].times == 1
    assert inside[UNSET, 3].operator == "exp"
    exp, mul, leaf = nodes(cells, "y")
    assert (exp.line, exp.line_cell) == (3, UNSET)
    assert (mul.line, mul.line_cell) == (3, 0)
    assert (leaf.line, leaf.line_cell, leaf.variable) == (2, UNSET, "x")


def test_a_generator_makes_nodes_for_the_statement_that_asks(cells: Cells) -> None:
    cells.run("def gen(x):\n    y = x * 2\n    yield y\nx = torch.ones(3, requires_grad=True)\nz = next(gen(x)).exp()")
    assert lines_of(cells, "z") == [("exp", 5), ("mul", 5), ("x", 4)]
    assert cells.lines()[2] == "(3,) mul"


def test_where_other_threads_made_nodes_no_line_is_claimed(cells: Cells) -> None:
    cells.run(
        "import threading\n"
        "x = torch.ones(3, requires_grad=True)\n"
        "found = []\n"
        "def work():\n    found.append((x * 2).exp())\n"
        "t = threading.Thread(target=work)\nt.start()\nt.join()\n"
        "y = found[0].sin()"
    )
    assert cells.done().ok
    sin, *others = lines_of(cells, "y")
    assert sin in (("sin", 9), ("sin", None)), "unknown where the thread gave the same number"
    assert others == [("exp", None), ("mul", None), ("x", 2)]
    cells.run("z = found[0].cos()\nw = x * 2")
    assert lines_of(cells, "z")[1:] == [("exp", None), ("mul", None), ("x", 2)]


def test_library_threads_take_no_lines_away(cells: Cells) -> None:
    cells.run(
        "import threading\nclass T(threading.Thread):\n    pass\nT.__module__ = 'tqdm._monitor'\n"
        "x = torch.ones(3, requires_grad=True)\nt = T(); t.start(); t.join()\ny = x * 2"
    )
    assert lines_of(cells, "y") == [("mul", 7), ("x", 5)]


def test_nodes_of_a_loop_that_rests_have_no_line(cells: Cells, resting: None) -> None:
    cells.run("x = torch.ones(3, requires_grad=True)\nh = x\nfor i in range(9):\n    h = h * 2\nout = h.sum()")
    found = lines_of(cells, "out")
    assert found[0] == ("sum", 5) and found[-1] == ("x", 1)
    assert {line for _, line in found[1:-1]} == {4, None}
    assert found[1][1] is None, "the last turns were not marked"


def test_a_hot_function_is_not_taken_for_the_line_that_calls_it(cells: Cells, resting: None) -> None:
    cells.run(
        "def f(x):\n    return x.exp()\nx = torch.ones(3, requires_grad=True)\n"
        "def g(x):\n    many = [f(x) for _ in range(9)]\n    return f(x.sin()).cos()\ny = g(x)\nz = f(x)"
    )
    found = dict(lines_of(cells, "y"))
    assert found["exp"] is None and found["sin"] in (6, None) and found["cos"] in (6, None)
    assert lines_of(cells, "z") == [("exp", 2), ("x", 3)], "a new statement: it has its marks again"


def test_a_function_made_in_a_resting_loop_has_its_lines(cells: Cells, resting: None) -> None:
    cells.run(
        "x = torch.ones(3, requires_grad=True)\nfor i in range(9):\n    def f(x):\n        return x.exp()\n"
        "def make():\n    def g(x):\n        return x.sin()\n    return g\n*_, g = [make() for _ in range(9)]\n"
        "y = f(x)\nz = g(x)"
    )
    assert lines_of(cells, "y") == [("exp", 4), ("x", 1)]
    assert lines_of(cells, "z") == [("sin", 7), ("x", 1)]


def test_a_function_of_a_cell_that_measures_has_its_lines_later(cells: Cells) -> None:
    cells.run("import timeit\ndef f(x):\n    return x.exp()\nx = torch.ones(3, requires_grad=True)\ny = f(x)")
    assert lines_of(cells, "y") == [("exp", None), ("x", 4)], "it ran without marks"
    cells.run("y = f(x)")
    assert [(node.line_cell, node.line) for node in nodes(cells, "y")] == [(0, 3), (0, 4)]


def test_decorators_keep_lines_apart(cells: Cells) -> None:
    cells.run(
        "import contextlib, functools\n"
        "def twice(f):\n    @functools.wraps(f)\n    def inner(x):\n        x = x.sin()\n        return f(f(x))\n"
        "    return inner\n"
        "@twice\n@functools.lru_cache\ndef f(x):\n    return x.exp()\n"
        "@contextlib.contextmanager\ndef near(x):\n    yield x.cos()\n"
        "x = torch.ones(3, requires_grad=True)\n"
        "with near(x) as x2:\n    y = f(x2).tanh()\nz = y * 2"
    )
    found = [("mul", 18), ("tanh", 17), ("exp", 11), ("exp", 11), ("sin", 5), ("cos", 16), ("x", 15)]
    assert lines_of(cells, "z") == found


def test_what_a_with_statement_makes_as_it_ends_is_not_the_last_lines(cells: Cells) -> None:
    cells.run(
        "import contextlib\nmade = []\n@contextlib.contextmanager\ndef near(x):\n    yield\n    made.append(x.cos())\n"
        "x = torch.ones(3, requires_grad=True)\nwith near(x):\n    for i in range(2):\n        y = x.sin()\n"
        "z = made[0] * 2"
    )
    assert lines_of(cells, "z") == [("mul", 11), ("cos", None), ("x", 7)]


def test_recursion_comprehensions_and_lambdas(cells: Cells) -> None:
    cells.run(
        "def f(x, n):\n    if n:\n        x = f(x.sin(), n - 1)\n        return x.cos()\n    return x.exp()\n"
        "x = torch.ones(3, requires_grad=True)\n"
        "g = lambda x: f(x, 1).abs()\n"
        "y = sum([g(x * 2) for _ in range(1)])"
    )
    assert lines_of(cells, "y") == [
        ("add", 8), ("abs", 8), ("cos", 4), ("exp", 5), ("sin", 3), ("mul", 8), ("x", 6)
    ]  # fmt: skip


def test_methods_of_nested_classes_whatever_their_names(cells: Cells) -> None:
    cells.run(
        "class A:\n    __mark__ = 3\n    class __begin__:\n"
        "        def __leave(self, x):\n            return x.sin()\n"
        "        def go(self, x):\n            self.__into__ = self.__leave(x).exp()\n"
        "            return self.__into__\n"
        "x = torch.ones(3, requires_grad=True)\ny = A.__begin__().go(x).cos()\nA.__mark__"
    )
    assert cells.done().ok
    assert lines_of(cells, "y") == [("cos", 10), ("exp", 7), ("sin", 5), ("x", 9)]


def test_a_coroutine_makes_nodes_for_the_statement_that_awaits(cells: Cells) -> None:
    cells.run(
        "def f(x):\n    return x.exp()\nasync def g(x):\n    return f(x.sin())\n"
        "x = torch.ones(3, requires_grad=True)\ny = (await g(x)).cos()"
    )
    assert lines_of(cells, "y") == [("cos", 6), ("exp", 2), ("sin", 6), ("x", 5)]


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_what_a_compiled_function_makes_is_made_by_its_call(cells: Cells, backend: str) -> None:
    pytest.importorskip("torch._dynamo")
    cells.run(
        f"import torch._dynamo\n@torch.compile(backend={backend!r})\n"
        "def f(x):\n    x = x.sin()\n    for i in range(2):\n        x = x.exp()\n    return x\n"
        "x = torch.ones(3, requires_grad=True)\ny = f(x.abs()).cos()"
    )
    assert cells.done().ok
    found = lines_of(cells, "y")
    assert found[0] == ("cos", 9) and found[-2:] == [("abs", 9), ("x", 8)]
    # As written or as a graph of its own: dynamo sees no marks, so the line is its call's or not known.
    truth = {"sin": {4, 9, None}, "exp": {6, 9, None}}
    assert all(line in truth.get(name, {9, None}) for name, line in found[1:-2])


# ---- any program -----------------------------------------------------------------------------------------------

MODES = {
    "as they are": {},
    "restless": {"LOOK": 2, "SHARE": -1.0, "WINDOW": 0.0},
    "resting": {"LOOK": 2, "SHARE": -1.0, "WINDOW": 1e9},
}


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_no_node_has_a_wrong_line(mode: str, random: Random) -> None:
    known = 0
    with pytest.MonkeyPatch.context() as patch:
        for name, value in MODES[mode].items():
            patch.setattr(marks, name, value)
        cells, program = Cells(), Program(random)
        cells.run("v = torch.ones(3, requires_grad=True)")
        for cell in (1, 2, 3):
            text = program.cell(cell)
            cells.run(text)
            cells.count = CELL  # not one of those that count
            cells.run("out = v * 1")
            cells.count = cell + 1
            for node in (node for graph in cells.of(Graph) for node in graph.nodes):
                if node.operator == "expand" and node.shape[0] > CELL and node.line is not None:
                    assert (node.line_cell, node.line) == divmod(node.shape[0], CELL), text
                    known += 1
    if mode == "as they are":
        assert known or "OP" not in text


def test_the_check_of_any_program_can_fail(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks.Places, "of", lambda places, number: 0)
    with pytest.raises(AssertionError):
        test_no_node_has_a_wrong_line("as they are")
