"""Step through a cell: it stands still after each statement, and says what that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.events import Done, Line, Stdout, Step, Tensors

if TYPE_CHECKING:
    from ptlearn_tui.kernel.client import Kernel


def steps(kernel: Kernel, source: str, *words: str) -> tuple[list[Step], Done]:
    """Run with one word after each step; after the last word all that are left say "next"."""
    found: list[Step] = []
    rest = list(words)
    for event in kernel.run(0, source, step=True):
        if isinstance(event, Step):
            found.append(event)
            kernel.go(rest.pop(0) if rest else "next")
    assert isinstance(event, Done)
    return found, event


def test_each_statement_is_a_step_that_says_what_it_made(kernel: Kernel) -> None:
    found, done = steps(kernel, "import torch\nx = torch.ones(4)\ny = x.view(2, 2)\ny += 1\ny.sum()")
    assert [step.line for step in found] == [1, 2, 3, 4, 5]
    assert [step.changed for step in found] == [["torch"], ["x"], ["y"], ["x", "y"], []]
    assert [step.shared for step in found] == [[], [], *[[["x", "y"]]] * 3]
    assert done.ok


def test_gradients_that_move_are_told_and_so_are_parameters(kernel: Kernel) -> None:
    source = (
        "import torch\nnet = torch.nn.Linear(2, 1)\nopt = torch.optim.SGD(net.parameters(), 0.1)\n"
        "loss = net(torch.ones(3, 2)).sum()\nloss.backward()\nopt.step()\nopt.zero_grad()"
    )
    found, _ = steps(kernel, source)
    assert found[4].grads == ["net.weight", "net.bias"]
    assert found[5].changed == ["net.weight", "net.bias"]
    assert found[6].grads == ["net.weight", "net.bias"]


LOOP = "total = 0\nfor i in range(3):\n    total += i\n    if total:\n        last = total\nprint(total)"


def test_a_loop_is_stepped_into_turn_by_turn(kernel: Kernel) -> None:
    found, done = steps(kernel, LOOP)
    assert [step.line for step in found] == [1, 3, 3, 5, 3, 5, 6]
    assert [step.changed for step in found[:4]] == [["total"], ["i"], ["total", "i"], ["last"]]  # 0 + 0 is 0
    assert done.ok


def test_to_the_end_of_the_loop_and_on_from_there(kernel: Kernel) -> None:
    found, _ = steps(kernel, LOOP, "next", "loop")
    assert [step.line for step in found] == [1, 3, 2, 6]
    assert set(found[2].changed) == {"i", "total", "last"}
    nested = "for a in range(2):\n    for b in range(3):\n        c = b\n    d = a"
    found, _ = steps(kernel, nested, "loop")
    assert [step.line for step in found] == [3, 4, 3, 3, 3, 4]


def test_to_the_end_and_stop(kernel: Kernel) -> None:
    found, done = steps(kernel, LOOP, "next", "end")
    assert len(found) == 2
    assert done.ok
    found, done = steps(kernel, "a = 1\nb = 2", "stop")
    assert (len(found), done.ok, done.interrupted) == (1, False, True)
    assert [event.text for event in kernel.run(1, "print(a, 'b' in globals() and b)") if isinstance(event, Stdout)]


def test_an_interrupt_ends_the_waiting_and_a_kill_too(kernel: Kernel) -> None:
    for event in kernel.run(0, "a = 1\nb = 2", step=True):
        if isinstance(event, Step):
            kernel.interrupt()
    assert isinstance(event, Done)
    assert event.interrupted
    for event in kernel.run(1, "a = 1\nb = 2", step=True):
        if isinstance(event, Step):
            kernel.kill()
    assert isinstance(event, Done)
    assert event.died == "killed"


def test_functions_are_one_step_and_a_word_too_many_is_harmless(kernel: Kernel) -> None:
    found, done = steps(
        kernel,
        "def f(n):\n    m = n + 1\n    return m\nf(1)\nclass C:\n    k = 2\nwith open('/dev/null') as g:\n    f(2)",
    )
    assert [step.line for step in found] == [1, 4, 5, 7, 8]
    assert done.ok
    kernel.go("next")
    *_, done = kernel.run(1, "1")
    assert isinstance(done, Done) and done.ok


def test_in_a_loop_cards_and_lines_follow_each_step(kernel: Kernel) -> None:
    events = []
    for event in kernel.run(0, "import torch\nfor i in range(2):\n    x = torch.full((2,), i)", step=True):
        events.append(event)
        if isinstance(event, Step):
            kernel.go("next")
    values = [item.values for event in events if isinstance(event, Tensors) for item in event.items]
    assert [0, 0] in values and [1, 1] in values
    assert [event.times for event in events if isinstance(event, Line) and event.line == 3] == [1, 2]


@pytest.mark.parametrize("deed", ["while True: pass", "import time; time.sleep(1000)"])
def test_a_statement_that_never_ends_can_be_interrupted(kernel: Kernel, deed: str) -> None:
    for event in kernel.run(0, f"print('started')\n{deed}", step=True):
        if isinstance(event, Step) and event.line == 1:
            kernel.go("next")
        elif isinstance(event, Line) and event.line == 1:
            pass
        elif isinstance(event, Stdout):
            kernel.interrupt()
            kernel.go("next")
    assert isinstance(event, Done)
    assert event.interrupted
