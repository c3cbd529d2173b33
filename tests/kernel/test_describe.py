"""More of a variable than its card shows, asked of a live kernel; and all of them forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ptlearn_tui.events import Done, Error, Graph, Stdout, Tensor, Tensors, Value

if TYPE_CHECKING:
    from ptlearn_tui.kernel.client import Kernel

SETUP = """
import torch
x = torch.arange(24.).reshape(2, 3, 4)
wide = torch.ones(3, 1_000_000)
wide[2, 999_999] = 7.0
net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
pairs = [(x, 1), {"image": x[0]}]
w = torch.ones(2, 2, requires_grad=True)
y = (w * 3).exp()
loss = y.sum()
loss.backward(retain_graph=True)
class Sly:
    def __getattr__(self, name): print("ran"); return x
    def __getitem__(self, key): print("ran"); return x
sly = Sly()
number = 5
"""


@pytest.fixture
def ready(kernel: Kernel) -> Kernel:
    """A kernel with a few variables."""
    *_, done = kernel.run(0, SETUP)
    assert isinstance(done, Done) and done.ok
    return kernel


def card(kernel: Kernel, name: str, **how: Any) -> Tensor:
    found, why = kernel.describe(name, **how)
    assert found is not None, why
    return found


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("x", [2, 3, 4]),
        ("net.0.weight", [2, 3]),
        ("pairs[1]['image']", [3, 4]),
        ("pairs[0][0]", [2, 3, 4]),
        ("w.grad", [2, 2]),
    ],
)
def test_a_name_as_cards_have_it_leads_to_its_tensor(ready: Kernel, name: str, shape: list[int]) -> None:
    assert card(ready, name).shape == shape


def test_a_slice_shows_the_values_there(ready: Kernel) -> None:
    found = card(ready, "x", index=[1, -1])
    assert (found.name, found.shape, found.values) == ("x[1, -1]", [4], [20.0, 21.0, 22.0, 23.0])
    assert found.storage == card(ready, "x").storage


def test_exact_statistics_find_what_a_sample_misses(ready: Kernel) -> None:
    sampled, exact = card(ready, "wide"), card(ready, "wide", exact=True)
    assert (sampled.sampled, sampled.max) == (True, 1.0)
    assert (exact.sampled, exact.max) == (False, 7.0)
    assert exact.mean == pytest.approx(1 + 6 / 3_000_000)


def test_what_a_node_has_saved_can_be_seen_while_it_is_there(ready: Kernel) -> None:
    events = list(ready.run(1, "z = (w * 3).exp()"))
    (graph,) = [event for event in events if isinstance(event, Graph)]
    node = next(node for node in graph.nodes if node.operator == "exp")
    assert [saved.name for saved in node.saved] == ["result"]
    assert card(ready, "z", node=node.id, saved="result").values[0][0] == pytest.approx(20.0855, abs=1e-3)
    list(ready.run(2, "z.sum().backward()"))
    assert "freed" in ready.describe("z", node=node.id, saved="result")[1]


@pytest.mark.parametrize(
    ("name", "how", "why"),
    [
        ("nothing", {}, "nothing is not there any more"),
        ("number", {}, "number is int, not a tensor"),
        ("y.grad", {}, "y.grad is None, not a tensor"),
        ("pairs[7]", {}, "pairs[7] is not there any more"),
        ("x.t()", {}, "x.t() is no plain name"),
        ("x", {"index": [2]}, "(2,) is outside of (2, 3, 4)"),
        ("x", {"index": [0, 0, 0, 0]}, "(0, 0, 0, 0) is outside of (2, 3, 4)"),
        ("x", {"node": 0, "saved": "self"}, "it has no graph"),
        ("y", {"node": 99, "saved": "self"}, "its graph has no node 99"),
        ("y", {"node": 0, "saved": "self"}, "ExpBackward0 saves no self"),
        ("sly.x", {}, "sly.x is not there any more"),
        ("sly[0]", {}, "sly[0] is not there any more"),
    ],
)
def test_where_there_is_nothing_it_says_why_and_runs_nothing(
    ready: Kernel, name: str, how: dict[str, Any], why: str
) -> None:
    assert ready.describe(name, **how) == (None, why)
    assert not [event for event in ready.drain() if isinstance(event, Stdout)]


def test_while_a_cell_runs_nobody_waits(ready: Kernel) -> None:
    for event in ready.run(1, "print('started')\nwhile True: pass"):
        if isinstance(event, Stdout):
            assert ready.describe("x") == (None, "the kernel is busy")
            assert not ready.reset()
            ready.interrupt()
    ready.kill()
    assert ready.describe("x") == (None, "the kernel has ended")


def test_reset_forgets_what_cells_have_bound_and_the_next_cell_runs(ready: Kernel) -> None:
    assert ready.reset()
    (error,) = [event for event in ready.run(1, "x") if isinstance(event, Error)]
    assert error.kind == "NameError"
    events = list(ready.run(2, "import torch\nx = torch.ones(2)\n[name for name in globals() if name[0] != '_']"))
    assert [event.text for event in events if isinstance(event, Value)] == ["['torch', 'x']"]
    assert [item.storage for event in events if isinstance(event, Tensors) for item in event.items] == [1]


def test_an_array_can_be_looked_at_too(ready: Kernel) -> None:
    list(ready.run(1, "import numpy as np\na = np.arange(20_000).reshape(2, -1)\na[1, 9_999] = -5"))
    found = card(ready, "a", index=[1], exact=True)
    assert (found.name, found.kind, found.shape, found.min) == ("a[1]", "array", [10_000], -5)
    assert len(found.values) > 64, "more than its card shows"
    assert card(ready, "a", index=[0, 3]).values == 3
