"""A cell's backward() calls are recorded where that is asked for, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from ptlearn_tui.events import Done, Event, Film, Graph, NoGraph
from ptlearn_tui.kernel.execute import execute

if TYPE_CHECKING:
    from ptlearn_tui.kernel.client import Kernel, Server

NET = """\
import torch
net = torch.nn.Linear(2, 1)
x = torch.ones(4, 2)
def loss():
    return (net(x) ** 2).mean()
"""


def run(*sources: str, film: bool = True) -> tuple[list[Event], dict[str, Any]]:
    """The events of the last cell, and what the cells have bound."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    events: list[Event] = []
    torch.manual_seed(0)
    for cell, source in enumerate(sources):
        events = []
        execute(cell, source, namespace, lambda *made, events=events: events.extend(made), film=film)
        assert isinstance(events[-1], Done) and events[-1].ok == ("raise" not in source)
    return events, namespace


def films(events: list[Event]) -> list[Film]:
    return [event for event in events if isinstance(event, Film)]


def test_a_film_has_the_names_and_lines_of_the_cells() -> None:
    events, _ = run("import torch\nx = torch.ones(2, requires_grad=True)\ny = (x * 3).sum()", "y.backward()")
    (film,) = films(events)
    assert (film.cell, film.root, film.line) == (1, "y", 1)
    assert [(node.operator, node.line, node.line_cell) for node in film.nodes] == [
        ("sum", 3, 0), ("mul", 3, 0), ("x", 2, 0)
    ]  # fmt: skip
    assert [shot.node for shot in film.shots] == [0, 1, 2]
    assert film.jacobian == [[3.0, 3.0]] and film.leaf == "x"


def test_nothing_is_recorded_unless_it_is_asked_for() -> None:
    events, _ = run(NET, "loss().backward()", film=False)
    assert not films(events)


def test_the_first_backward_of_each_line_is_recorded_and_at_most_eight() -> None:
    events, _ = run(NET, "for _ in range(5): loss().backward()\nloss().backward()")
    assert [film.line for film in films(events)] == [1, 2]
    events, _ = run(NET, "\n".join(["loss().backward()"] * 12))
    assert [film.line for film in films(events)] == list(range(1, 9))


@pytest.mark.parametrize("source", ["loss().backward()", "for _ in range(3): loss().backward()"])
def test_gradients_are_the_same_with_and_without(source: str) -> None:
    one, other = (run(NET, source, film=film)[1]["net"] for film in (True, False))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a.grad, b.grad)


def test_a_backward_that_raises_is_no_film_and_leaves_no_hook() -> None:
    cell = "y = loss()\ny.backward()\ntry: y.backward()\nexcept RuntimeError: pass\nloss().backward()"
    events, _ = run(NET, cell)
    assert [film.line for film in films(events)] == [2, 5]
    assert all(shot.incoming for film in films(events) for shot in film.shots)


def test_no_jacobian_is_taken_where_cells_speak_of_hooks() -> None:
    begin = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 3\n"
    events, namespace = run(begin + "y.retain_grad()\nout = y.sum()\nout.backward()")
    assert films(events)[0].jacobian is None and namespace["y"].grad.tolist() == [1.0, 1.0]


def test_a_cell_without_a_graph_says_why() -> None:
    events, _ = run("import torch\nx = torch.ones(2, requires_grad=True)", "y = x.detach()", film=False)
    (told,) = [event for event in events if isinstance(event, NoGraph)]
    assert (told.root, told.line, told.why, told.because) == ("y", 1, "cut", [".detach()"])
    events, _ = run("import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\nz = y.detach()", film=False)
    assert not [event for event in events if isinstance(event, NoGraph)]


def test_a_kernel_is_asked_for_films_and_for_what_a_graph_keeps(server: Server) -> None:
    kernel: Kernel = server.kernel()
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x.exp()\ny.sum().backward(retain_graph=True)"
    events = list(kernel.run(0, source, film=True))
    assert [film.root for film in films(events)] == ["y.sum()"]
    graph = next(event for event in events if isinstance(event, Graph) and event.root == "y")
    assert isinstance(graph.number, int)
    card, why = kernel.describe("y", node=0, saved="result", graph=graph.number)
    assert card is not None and card.values == pytest.approx([2.71828] * 2, abs=1e-4) and not why
    list(kernel.run(1, "y = x * x"))
    assert kernel.describe("y", node=0, saved="result", graph=graph.number) == (None, "y has another graph by now")
    kernel.kill()
