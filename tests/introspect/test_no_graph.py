"""Why a tensor has no graph is said where it is sure, and never guessed."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from ptlearn_tui.introspect.no_graph import no_graphs, why_no_graph

BEGIN = (
    "import torch\nimport numpy as np\nx = torch.ones(3, requires_grad=True)\nc = torch.ones(3)\nw = torch.ones(3)\n"
)


def why(cell: str, name: str = "y") -> tuple[str, list[str]]:
    namespace: dict[str, Any] = {}
    exec(BEGIN + cell, namespace)
    found = why_no_graph(name, namespace[name], ast.parse(cell), namespace)
    assert namespace[name].grad_fn is None
    return found.why, found.because


@pytest.mark.parametrize(
    ("cell", "code", "because"),
    [
        ("y = torch.ones(2, requires_grad=True)", "leaf", []),
        ("y = torch.arange(3)", "dtype", ["int64"]),
        ("y = x.argmax()", "dtype", ["int64"]),
        ("y = x > 0", "dtype", ["bool"]),
        ("with torch.inference_mode():\n    y = x * 2", "inference_mode", []),
        ("with torch.no_grad():\n    y = x * 2", "no_grad", []),
        ("if True:\n    with torch.no_grad(), torch.random.fork_rng():\n        y = x * 2", "no_grad", []),
        ("with torch.set_grad_enabled(False):\n    y = x * 2", "no_grad", []),
        ("y = x.detach()", "cut", [".detach()"]),
        ("y = (x * 2).detach() + c", "cut", [".detach()"]),
        ("y = x.data * 2", "cut", [".data"]),
        ("y = torch.from_numpy(x.detach().numpy())", "cut", [".numpy()"]),
        ("y = torch.tensor(x.tolist())", "cut", [".tolist()"]),
        ("y = torch.full([2], float(x.detach().sum()))", "cut", ["float()"]),
        ("y = (x > 0).float()", "cut", [">"]),
        ("y = torch.argmax(x).float()", "cut", ["torch.argmax()"]),
        ("y: torch.Tensor = c + w", "no_input", ["c", "w"]),
        ("y = torch.zeros(3)", "no_input", []),
        ("y = torch.from_numpy(np.ones(3)) * c", "no_input", ["c"]),
        ("y = torch.nn.Linear(3, 3).requires_grad_(False)(c)", "no_input", ["c"]),
    ],
)
def test_why_a_tensor_has_no_graph(cell: str, code: str, because: list[str]) -> None:
    assert why(cell) == (code, because)


@pytest.mark.parametrize(
    "cell",
    [
        "def f(): return x.detach()\ny = f()",  # nobody looks into it
        "with torch.set_grad_enabled(bool(0)):\n    y = x * 2",
        "y = x * 2\ny = y.detach()",  # which y?
        "z = c\ny = z + 1\nz = x",  # z was another tensor then
        "y, z = x.detach(), 1",
        "for y in [x.detach()]: pass",
        "class no_grad(torch.no_grad): pass\nwith no_grad():\n    y = x * 2",
        "y = torch.sub(x, x).detach_()",
    ],
)
def test_what_is_not_sure_is_unknown(cell: str) -> None:
    assert why(cell) == ("unknown", [])


def test_the_tensors_that_were_bound_last_are_told() -> None:
    namespace: dict[str, Any] = {}
    source = BEGIN + "y = c + w\nn = 3\nz = y.long()"
    exec(source, namespace)
    found = no_graphs(4, source, {"x": 3, "c": 4, "w": 5, "y": 6, "n": 7, "z": 8}, namespace)
    assert [(each.cell, each.root, each.line, each.why) for each in found] == [
        (4, "w", 5, "no_input"),
        (4, "y", 6, "no_input"),
        (4, "z", 8, "dtype"),
    ]


def test_a_cell_that_is_no_plain_python_says_what_the_tensor_says() -> None:
    namespace: dict[str, Any] = {}
    exec(BEGIN, namespace)
    source = "%%time\nc = 1"
    assert [each.why for each in no_graphs(0, source, {"x": 1, "c": 2}, namespace)] == ["leaf", "unknown"]
