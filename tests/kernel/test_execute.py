"""A cell runs as a script would, and says exactly what each statement made."""

from __future__ import annotations

import gc
import inspect
import sys
import weakref
from typing import Any

import pytest

from ptlearn_tui.events import Done, Error, Graph, Line, Metric, Tensors, Value

from .cells import BACKWARD, CONTROL, CREATE, NETWORK, VIEW, Cells


@pytest.fixture
def cells() -> Cells:
    return Cells()


# ---- the notes --------------------------------------------------------------------------------------------------


def test_the_notes_first_cell_shows_seven_tensors_called_x(cells: Cells) -> None:
    cells.run(CREATE)
    assert [(line.line, line.name, line.shape, line.dtype, line.operator) for line in cells.of(Line)] == [
        (2, "x", [5, 3], "float32", None),
        (5, "x", [5, 3], "float32", None),
        (8, "x", [5, 3], "float32", None),
        (10, "x", [5, 3], "int64", None),
        (12, "x", [2], "float32", None),
        (15, "x", [5, 3], "float64", None),
        (17, "x", [5, 3], "float32", None),
    ]
    assert [line.text for line in cells.of(Line) if line.line in (10, 15)] == ["0", "1.0"]
    cards = cells.of(Tensors)
    assert [(card.line, [item.name for item in card.items]) for card in cards] == [
        (line, ["x"]) for line in (2, 5, 8, 10, 12, 15, 17)
    ]
    assert cards[4].items[0].values == [5.5, 3.0]


def test_the_notes_views_share_one_storage(cells: Cells) -> None:
    cells.run(VIEW)
    x, y, z = (event.items[0] for event in cells.of(Tensors))
    assert (x.shape, y.shape, z.shape) == ([4, 4], [16], [2, 8])
    assert x.storage == y.storage == z.storage
    cells.run("w = x.clone()")
    assert cells.of(Tensors)[0].items[0].storage not in (None, x.storage)


def test_the_notes_backward_is_drawn_as_the_screens_draw_it(cells: Cells, capsys: pytest.CaptureFixture[str]) -> None:
    cells.run(BACKWARD)
    assert cells.lines() == {
        1: "(2, 2) leaf",
        2: "(2, 2) add",
        3: "",
        6: "(2, 2) mul",
        7: "() 27.0",
        8: "→ x.grad",
        9: "(2, 2) 2.25",
        12: "(2,) leaf",
        13: "(2,) mul",
        14: "(2,)",
        15: "→ x.grad",
        16: "(2,)",
        19: "(2,) leaf",
        21: "(2,) 4.0",
        24: "→ x.grad",
        25: "(2,) 1.0",
    }
    assert [(value.line, value.text) for value in cells.of(Value)] == [
        (9, "tensor([[2.2500, 2.2500],\n        [2.2500, 2.2500]])"),
        (16, "tensor([4., 2.])"),
        (25, "tensor([1., 1.])"),
    ]
    assert capsys.readouterr().out.startswith("<AddBackward0 object")
    assert cells.done().ok


def test_the_graph_of_out_is_the_chain_of_the_notes(cells: Cells) -> None:
    cells.run(BACKWARD)
    out = next(graph for graph in cells.of(Graph) if graph.root == "out")
    assert [(node.name, node.line, node.shape, node.inputs, node.variable) for node in out.nodes] == [
        ("MeanBackward0", 7, [], [1], None),
        ("MulBackward0", 6, [2, 2], [2], None),
        ("MulBackward0", 6, [2, 2], [3], None),
        ("AddBackward0", 2, [2, 2], [4], None),
        ("AccumulateGrad", 1, [2, 2], [], "x"),
    ]
    assert [node.operator for node in out.nodes] == ["mean", "mul", "mul", "add", "x"]


def test_a_leaf_keeps_the_name_it_had_when_the_graph_was_made(cells: Cells) -> None:
    cells.run(BACKWARD)
    cells.run("again = out * 1")
    (graph,) = cells.of(Graph)
    assert (graph.nodes[-1].variable, graph.nodes[-1].line, graph.nodes[-1].line_cell) == ("x", 1, 0)


def test_backward_shows_the_leaf_with_its_new_gradient(cells: Cells) -> None:
    cells.run(BACKWARD)
    (x,) = next(event for event in cells.of(Tensors) if event.line == 8).items
    assert x.name == "x" and x.line == 1
    assert x.grad is not None and x.grad.values == [[2.25, 2.25], [2.25, 2.25]] and x.grad.norm == 4.5


def test_the_notes_network_says_what_every_line_of_forward_makes(cells: Cells) -> None:
    gc.collect()  # another test's network would have a conv1, too
    cells.run(NETWORK)
    lines = cells.lines()
    assert [lines[line] for line in range(25, 32)] == [
        "(1, 6, 14, 14) max_pool2d",
        "(1, 16, 5, 5) max_pool2d",
        "(1, 400) view",
        "(1, 120) relu",
        "(1, 84) relu",
        "(1, 10) addmm",
        "(1, 10) addmm",
    ]
    assert (lines[11], lines[34], lines[44]) == ("Conv2d 156", "Net 61,706", "→ 10 grads")
    last = {line.line: line for line in cells.of(Line)}
    assert [last[line].times for line in (9, 38, 43, 25)] == [1, 5, 5, 5]
    assert float(last[43].text) == pytest.approx(cells.namespace["loss"].item(), rel=1e-3)
    (graph,) = cells.of(Graph)
    assert (graph.root, graph.line, graph.left_out) == ("loss", 44, 0)
    named = {node.variable: node.line for node in graph.nodes if node.variable}
    assert named["conv1.weight"] == 11 and named["fc3.bias"] == 15 and len(named) == 10
    assert [node.line for node in graph.nodes if node.operator in ("mse_loss", "view", "convolution")] == [
        43,
        27,
        26,
        25,
    ]
    assert any(node.saved for node in graph.nodes), "it was told before backward() freed what it kept"
    assert [metric.step for metric in cells.of(Metric)] == [1, 2, 3, 4, 5]
    assert cells.of(Metric)[-1].name == "loss"
    assert cells.of(Metric)[-1].value == pytest.approx(cells.namespace["loss"].item())


# ---- as plain Python -------------------------------------------------------------------------------------------


def test_underscore_is_the_last_value_and_the_learners_own_name_comes_first(cells: Cells) -> None:
    cells.run("1 + 1\n_ * 2")
    assert [value.text for value in cells.of(Value)] == ["2", "4"]
    cells.run("for _ in range(3):\n    pass\n5\n_")
    assert [value.text for value in cells.of(Value)] == ["5", "2"]


def test_only_bare_expressions_at_the_top_are_shown_and_none_is_not(cells: Cells) -> None:
    cells.run("'a'\nNone\nfor i in range(2):\n    i\nprint('b')")
    assert [value.text for value in cells.of(Value)] == ["'a'"]


def test_decorators_classes_and_sources_are_those_of_a_script(cells: Cells) -> None:
    cells.run(
        "import functools\n"
        "def twice(f):\n"
        "    @functools.wraps(f)\n"
        "    def inner(*a):\n"
        "        '''Inner.'''\n"
        "        return f(*a) * 2\n"
        "    return inner\n"
        "@twice\n"
        "def one(a):\n"
        "    '''One.'''\n"
        "    return a\n"
        "class A:\n"
        "    '''Doc of A.'''\n"
        "    __x = 3\n"
        "    def x(self):\n"
        "        return self.__x\n"
        "    @staticmethod\n"
        "    def s(): return 's'\n"
        "    @classmethod\n"
        "    def c(cls): return cls.__name__\n"
        "    @property\n"
        "    def p(self): return 'p'\n"
        "r = (one(2), A().x(), A.s(), A.c(), A().p)"
    )
    names = cells.namespace
    assert names["r"] == (4, 3, "s", "A", "p")
    assert names["A"].__module__ == "__main__" and names["A"].__doc__ == "Doc of A." and names["one"].__doc__ == "One."
    assert inspect.getsource(names["A"].x) == "    def x(self):\n        return self.__x\n"
    assert names["one"].__wrapped__.__code__.co_filename == "<cell 1>"


def test_marked_code_does_what_the_same_script_does(cells: Cells) -> None:
    plain: dict[str, Any] = {"__name__": "__main__"}
    exec(CONTROL, plain)
    cells.run(CONTROL)
    assert cells.done().ok
    assert cells.namespace["log"] == plain["log"]


def test_nothing_of_ours_stands_in_the_namespace(cells: Cells) -> None:
    cells.run("a = 1\nfor i in range(3):\n    d = {}\n    d['x'] = i\ndef f():\n    return sorted(locals())\nb = f()")
    assert set(cells.namespace) - {"__builtins__"} == {"__name__", "torch", "a", "i", "d", "f", "b"}
    assert cells.namespace["b"] == []


def test_top_level_await_and_what_one_cell_started_the_next_can_await(cells: Cells) -> None:
    cells.run(
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x\nawait f(3)\ny = await f(4)\ny"
    )
    assert [value.text for value in cells.of(Value)] == ["3", "4"]
    cells.run("async def g():\n    global task\n    task = asyncio.create_task(f(5))\nawait g()")
    cells.run("await task\nasync for i in h():\n    pass")
    assert [value.text for value in cells.of(Value)] == ["5"]
    assert [(error.kind, error.line) for error in cells.of(Error)] == [("NameError", 2)]


def test_future_annotations_hold_in_later_cells_too(cells: Cells) -> None:
    cells.run("from __future__ import annotations\nbefore = 1")
    cells.run("def f(x: not_there): pass\nf.__annotations__")
    assert [value.text for value in cells.of(Value)] == ["{'x': 'not_there'}"]


# ---- measuring time --------------------------------------------------------------------------------------------


def test_a_cell_that_measures_time_has_no_marks_in_what_it_measures(cells: Cells) -> None:
    cells.run(
        "import timeit\nfrom functools import lru_cache\n"
        "def f():\n    seen.add('<mark>' in f.__code__.co_names)\nseen = set()\nt = timeit.timeit(f, number=3)\n"
        "@lru_cache\ndef g():\n    return '<mark>' in g.__wrapped__.__code__.co_names\n"
        "for i in range(3):\n    x = i\n(seen, g())"
    )
    assert [value.text for value in cells.of(Value)] == ["({False}, False)"]
    assert cells.lines()[6], "the number itself is shown"
    assert 11 not in cells.lines() or not cells.lines()[11], "a loop has no marks inside"
    assert "<mark>" in cells.namespace["f"].__code__.co_names, "the next cell may ask for lines"


CALLED = "def f(a):\n    seen.add('<mark>' in f.__code__.co_names)\n    return a + 1\nseen = set()"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("%%time\nb = f(2)\nfor i in range(3):\n    c = f(i)", "CPU times: "),
        ("%%timeit -n 3 -r 2 a = 1\nb = f(a)\nassert b == 2", "per loop (mean ± std. dev. of 2 runs, 3 loops each)"),
        ("%%timeit -n 1 -r 1 f(2)", "per loop (mean ± std. dev. of 1 run, 1 loop each)"),
        ("a = 5\n%timeit -r 3 -n 2 f(a)", "per loop (mean ± std. dev. of 3 runs, 2 loops each)"),
        ("%time b = f(1)", "Wall time: "),
        ("import timeit\nb = timeit.timeit(lambda: f(1), number=2)", ""),
    ],
)
def test_functions_of_earlier_cells_lose_their_marks_while_they_are_measured(
    cells: Cells, capsys: pytest.CaptureFixture[str], source: str, shown: str
) -> None:
    cells.run(CALLED)
    marked = cells.namespace["f"].__code__
    cells.run(source)
    assert cells.done().ok, cells.events
    assert shown in capsys.readouterr().out
    assert cells.namespace["seen"] == {False}
    assert cells.namespace["f"].__code__ is marked


def test_what_is_timed_is_run_as_it_stands(cells: Cells, capsys: pytest.CaptureFixture[str]) -> None:
    cells.run("%%time\nx = 2\nx + 1")
    assert cells.namespace["x"] == 2 and cells.lines()[2] == "2"
    assert [(value.line, value.text) for value in cells.of(Value)] == [(3, "3")]
    cells.run("y = 1\n%time z = y + 1\n%time z * 2")
    assert cells.namespace["z"] == 2
    assert [(value.line, value.text) for value in cells.of(Value)] == [(3, "4")]
    assert capsys.readouterr().out.count("Wall time: ") == 3
    cells.run("x = 1\n%time x + y_\n")
    (error,) = cells.of(Error)
    assert (error.kind, error.line) == ("NameError", 2)


def test_a_loss_in_timeit_is_no_curve(cells: Cells) -> None:
    cells.run("w = torch.ones(1, requires_grad=True)\n%timeit -n 9 w.sum().backward()")
    assert cells.done().ok and not cells.of(Metric)
    assert cells.namespace["w"].grad.item() == 63


def test_per_cents_that_are_python_stay_python(cells: Cells) -> None:
    cells.run("a = (7\n% 4)\nb = '''\n%timeit a\n!ls\n'''\n%time c = a")
    assert (cells.namespace["a"], cells.namespace["b"], cells.namespace["c"]) == (3, "\n%timeit a\n!ls\n", 3)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("%matplotlib inline", 1),
        ("x = 1\n!pip install it's", 2),
        ("for i in range(3):\n    %timeit i", 2),
        ("%%bash\necho it's", 1),
        ("%%timers\nx", 1),
        ("%timeit", 1),
    ],
)
def test_other_magics_are_a_syntax_error_that_says_which_there_are(cells: Cells, source: str, line: int) -> None:
    cells.run(source)
    (error,) = cells.of(Error)
    assert (error.kind, error.line) == ("SyntaxError", line)
    assert "magics are not available here, apart from %time, %timeit, %%time and %%timeit" in error.message


def test_a_mistake_under_a_magic_has_its_own_line(cells: Cells) -> None:
    cells.run("%%timeit\nx = 1\ny = = 2")
    assert [(error.kind, error.line) for error in cells.of(Error)] == [("SyntaxError", 3)]
    cells.run("%timeit x = = 2")
    assert [(error.kind, error.line) for error in cells.of(Error)] == [("SyntaxError", 1)]


# ---- errors ----------------------------------------------------------------------------------------------------


def test_an_error_names_the_innermost_line_of_the_learner(cells: Cells) -> None:
    cells.run("def f(a):\n    b = a + 1\n    return a @ torch.ones(3)")
    cells.run("x = torch.ones(2)\nf(x)")
    (error,) = cells.of(Error)
    assert (error.kind, error.line, error.line_cell) == ("RuntimeError", 3, 0)
    assert "size" in error.message
    assert 'File "<cell 2>", line 2, in <module>\n    f(x)' in error.traceback
    assert 'File "<cell 1>", line 3, in f\n    return a @ torch.ones(3)' in error.traceback
    if sys.version_info >= (3, 11):
        assert "~~^~~" in error.traceback
    assert "ptlearn_tui" not in error.traceback and "site-packages" not in error.traceback
    assert cells.done() == Done(cell=1, ok=False, seconds=cells.done().seconds)


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = 1\ny = （2)", "SyntaxError", 2),
        ("x = 1\nreturn x", "SyntaxError", 2),
        ("if x:\nprint(x)", "IndentationError", 2),
        ("eval('1 +')", "SyntaxError", 1),
        ("import nothing_of_that_name", "ModuleNotFoundError", 1),
        ("def f():\n    return f()\nf()", "RecursionError", 2),
        ("\nassert 1 == 2, 'no'", "AssertionError", 2),
        ("class E(Exception):\n    def __str__(self): return 1 / 0\nraise E()", "E", 3),
        ("class R:\n    def __repr__(self): return 1 / 0\nR()", "ZeroDivisionError", 2),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e", "KeyError", 4),
    ],
)
def test_each_kind_of_error_has_its_line(cells: Cells, source: str, kind: str, line: int) -> None:
    cells.run(source)
    (error,) = cells.of(Error)
    assert (error.kind, error.line) == (kind, line)
    assert not cells.done().ok and not cells.done().interrupted
    assert len(error.traceback) < 30_000


def test_a_syntax_error_comes_before_anything_runs(cells: Cells) -> None:
    cells.run("x = 1\nbreak")
    assert "x" not in cells.namespace and cells.of(Error)[0].line == 2


def test_exit_is_an_error_in_a_line_and_the_next_cell_runs(cells: Cells) -> None:
    cells.run("import sys\nsys.exit(3)")
    (error,) = cells.of(Error)
    assert error.kind == "SystemExit" and "3" in error.message and "\n" not in error.message
    cells.run("1")
    assert cells.done().ok


def test_input_says_that_it_cannot_be_used(cells: Cells) -> None:
    cells.run("name = input('name? ')")
    (error,) = cells.of(Error)
    assert "input()" in error.message and "\n" not in error.message


def test_an_interrupt_is_not_an_error(cells: Cells) -> None:
    cells.run("x = 1\nfor i in range(5):\n    x += 1\n    if i == 2:\n        raise KeyboardInterrupt\ny = 1")
    assert not cells.of(Error)
    assert (cells.done().ok, cells.done().interrupted) == (False, True)
    assert cells.lines()[3] == "4" and "y" not in cells.namespace


# ---- bounds ----------------------------------------------------------------------------------------------------


def test_the_repr_of_an_eight_dimensional_tensor_is_its_leading_slice(cells: Cells) -> None:
    cells.run("torch.zeros((6,) * 8)\n[torch.zeros((6,) * 8)]\n'a' * 10**7\nlist(range(10**6))")
    values = cells.of(Value)
    assert len(values) == 4
    assert all(len(value.text) <= 4_000 for value in values)
    assert values[0].text.endswith("… the first of shape (6, 6, 6, 6, 6, 6, 6, 6)")


def test_a_cell_of_thousands_of_lines_is_not_quadratic(cells: Cells) -> None:
    cells.run("x = torch.ones(2, requires_grad=True)\n" + "x = x + 1\n" * 3_000)
    assert cells.done().ok
    assert sum(len(graph.nodes) for graph in cells.of(Graph)) < 60_000
    assert cells.of(Graph)[-1].left_out == 3_001 - len(cells.of(Graph)[-1].nodes)


def test_nothing_keeps_a_tensor_alive_after_its_name_is_gone(cells: Cells) -> None:
    cells.run(
        "def f(a):\n    b = a * 2\n    c = [b]\n    return c[0].sum()\n"
        "leaf = torch.ones(5, requires_grad=True)\n"
        "for i in range(3):\n    middle = leaf * 2\n    loss = f(middle)\n    loss.backward()\n"
        "holder = {}\nholder['x'] = torch.zeros(3)\n"
    )
    names = ("leaf", "middle", "loss")
    references = [weakref.ref(cells.namespace[name]) for name in names]
    references += [weakref.ref(leaf := cells.namespace["leaf"].grad), weakref.ref(cells.namespace["holder"]["x"])]
    del leaf
    cells.run("del leaf, middle, loss, holder")
    assert [reference() for reference in references] == [None] * 5


def test_a_batch_that_the_learner_drops_is_gone_before_the_next_turn(cells: Cells) -> None:
    cells.run(
        "import weakref\n"
        "def batches():\n    for i in range(3):\n        yield torch.ones(4)\n"
        "alive = []\n"
        "for batch in batches():\n    r = weakref.ref(batch)\n    del batch\n    alive.append(r() is not None)\n"
    )
    assert cells.namespace["alive"] == [False] * 3
