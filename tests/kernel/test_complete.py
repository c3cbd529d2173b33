"""Names that fit at the cursor: from the live namespace, at once, and without running anything."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import torch

from ptlearn_tui.events import Done, Stdout
from ptlearn_tui.kernel.complete import MOST, complete

from .conftest import PATIENCE

if TYPE_CHECKING:
    from ptlearn_tui.kernel.client import Kernel, Server


class Trap:
    """Runs code wherever it is looked at."""

    plain = torch.ones(2)

    @property
    def prop(self) -> Any:
        raise AssertionError("run")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError("run")

    def __dir__(self) -> Any:
        raise AssertionError("run")


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = torch.nn.Linear(2, 3)
        self.weights = 1

    @property
    def prop(self) -> Any:
        raise AssertionError("run")


NAMESPACE = {"torch": torch, "x": torch.ones(2, 3), "net": Net(), "trap": Trap(), "Trap": Trap, "_hidden": 1, "中文": 2}


def at(text: str) -> list[str]:
    """The names at the end of a text."""
    lines = text.split("\n")
    return complete(text, len(lines), len(lines[-1]), NAMESPACE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x.resh", {"reshape", "reshape_as"}),
        ("y = x.rel", {"relu", "relu_"}),
        ("if x.requires_g", {"requires_grad"}),
        ("x . T . resh", {"reshape", "reshape_as"}),
        ("x.shape.num", {"numel"}),
        ("x.grad.nor", {"norm", "normal_"}),
        ("torch.nn.functional.cross_e", {"cross_entropy"}),
        ("net.fc", {"fc1"}),
        ("net.fc1.wei", {"weight"}),
        ("net.fc1.weight.ndi", {"ndim", "ndimension"}),
        ("trap.pl", {"plain"}),
        ("trap.plain.ndi", {"ndim", "ndimension"}),
        ("Trap.pro", {"prop"}),
        ("print(ne", {"net"}),
        ("neta, ne\nx", {"x"}),
        ("isins", {"isinstance"}),
        ("whi", {"while"}),
        ("中", {"中文"}),
        ("_hid", {"_hidden"}),
        ("from torch.nn import Conv2", {"Conv2d"}),
        ("f'{x.resh", {"reshape", "reshape_as"}),
        ("# a 'comment\nx.resh", {"reshape", "reshape_as"}),
        ("s = 'it' + x.resh", {"reshape", "reshape_as"}),
    ],
)
def test_what_fits_is_named(text: str, expected: set[str]) -> None:
    assert set(at(text)) >= expected


@pytest.mark.parametrize(
    "text",
    [
        *("x.nothing.", "trap.prop.", "trap.other.", "net.prop.", "none.re", "from nowhere import a"),
        *("f().re", "x[0].re", "1.", "1e"),
        *("'x.re", "# x.re", '"""\nx.re', "f'x.re", "f'{x} x.re"),
    ],
)
def test_where_nothing_is_known_nothing_is_named(text: str) -> None:
    assert at(text) == []


def test_there_are_few_and_the_objects_own_come_first() -> None:
    assert len(at("x.")) == MOST
    assert {"fc1", "training", "weights"} >= set(at("net.")[:3])
    assert not any(name.startswith("_") for name in [*at("x."), *at("")])
    assert "_parameters" in at("net._p")
    assert "__init__" in at("net.__in")


def test_looking_warns_of_nothing_and_a_place_outside_the_text_has_no_names() -> None:
    inner = NAMESPACE | {"y": torch.ones(2, requires_grad=True) * 2}  # asking a non-leaf for its gradient warns
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert complete("y.grad.resh", 1, 11, inner)
    assert complete("x", 2, 0, NAMESPACE) == complete("x", 0, 0, NAMESPACE) == []
    assert complete("x.resh", 1, 99, NAMESPACE) == at("x.resh")


# ---- in a kernel ---------------------------------------------------------------------------------------------


def test_a_kernel_names_what_its_cells_have_bound(kernel: Kernel) -> None:
    list(kernel.run(0, "import torch\nlearning_rate = 0.1\nnet = torch.nn.Linear(2, 2)"))
    assert kernel.complete("a = 1\nlearn", 2, 5, timeout=PATIENCE) == ["learning_rate"]
    assert kernel.complete("net.wei", 1, 7, timeout=PATIENCE) == ["weight"]
    *_, ended = kernel.run(1, "learning_rate")
    assert isinstance(ended, Done) and ended.ok


def test_while_a_cell_runs_there_are_no_names_and_nobody_waits(kernel: Kernel) -> None:
    for event in kernel.run(0, "x = 1\nprint('started')\nwhile True: pass"):
        if isinstance(event, Stdout):
            assert kernel.complete("x", 1, 1, timeout=PATIENCE) == []
            kernel.interrupt()
    assert kernel.complete("x", 1, 1, timeout=PATIENCE) == ["x"]


def test_a_kernel_that_does_not_answer_is_not_asked_twice_and_lives_on(kernel: Kernel) -> None:
    assert kernel.complete("x" * 10**6, 1, 1) == []  # too long a question
    kernel.complete("prin", 1, 4, timeout=0.0)  # nobody waits for this answer
    assert kernel.complete("isinst", 1, 6, timeout=PATIENCE) == ["isinstance"]
    *_, ended = kernel.run(0, "1")
    assert isinstance(ended, Done) and ended.ok


@pytest.mark.parametrize("drained", [True, False])
def test_a_dead_kernel_names_nothing(server: Server, drained: bool) -> None:
    kernel = server.kernel()
    list(kernel.run(0, "import os, threading\nthreading.Timer(0, os._exit, [4]).start()"))
    while kernel.alive:
        if drained:
            kernel.drain()
    assert kernel.complete("prin", 1, 4, timeout=PATIENCE) == []
    *_, ended = kernel.run(1, "1")
    assert isinstance(ended, Done) and ended.died == "exit 4"
    assert kernel.complete("prin", 1, 4, timeout=PATIENCE) == []


def test_a_kill_ends_the_waiting(kernel: Kernel) -> None:
    # A thread of the learner's that holds the interpreter: the kernel can't answer.
    list(kernel.run(0, "import ctypes, threading\nthreading.Timer(0.05, lambda: ctypes.PyDLL(None).pause()).start()"))
    killer = threading.Timer(0.3, kernel.kill)
    killer.start()
    while kernel.alive:
        kernel.complete("prin", 1, 4, timeout=PATIENCE)
    killer.join()
