"""A warning is written once, and says which line of the learner's led to it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.events import Stderr, Stdout, Value

from .cells import Cells

if TYPE_CHECKING:
    from ptlearn_tui.kernel.client import Kernel


@pytest.fixture
def cells() -> Cells:
    return Cells()


def warned(cells: Cells, capsys: pytest.CaptureFixture[str], source: str) -> list[str]:
    with warnings.catch_warnings():  # pytest's own filters and recorders are not a kernel's
        warnings.resetwarnings()
        warnings.simplefilter("default")
        cells.run(source)
    assert cells.done().ok
    return capsys.readouterr().err.splitlines()


def test_once_however_often_the_line_runs_and_again_when_the_cell_does(
    cells: Cells, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "import warnings\nfor _ in range(3):\n    warnings.warn('mine')\nwarnings.warn('other', FutureWarning)"
    expected = ["UserWarning, line 3: mine", "FutureWarning, line 4: other"]
    assert warned(cells, capsys, source) == expected
    assert warned(cells, capsys, source) == expected


def test_a_librarys_warning_names_the_line_of_the_cell(cells: Cells, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = warned(cells, capsys, "a = torch.ones(3, 1)\ntorch.nn.functional.mse_loss(a, torch.ones(3))")
    assert line.startswith("UserWarning, line 2: Using a target size")


def test_a_warning_of_c_code_comes_without_its_place_in_pytorchs_sources(
    cells: Cells, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = warned(cells, capsys, "y = torch.ones(2, requires_grad=True) * 2\ny.grad")
    assert line.startswith("UserWarning, line 2: The .grad attribute")
    assert "Triggered" not in line


def test_a_function_of_an_earlier_cell_warns_with_that_cell(cells: Cells, capsys: pytest.CaptureFixture[str]) -> None:
    assert warned(cells, capsys, "import warnings\ndef f(): warnings.warn('deep')") == []
    assert warned(cells, capsys, "f()") == ["UserWarning, cell 1, line 2: deep"]


def test_what_the_learner_does_with_warnings_holds(cells: Cells, capsys: pytest.CaptureFixture[str]) -> None:
    source = "with warnings.catch_warnings(record=True) as seen:\n    warnings.warn('kept')\nprint(len(seen))"
    assert warned(cells, capsys, f"import warnings\n{source}") == []
    own = "warnings.showwarning = lambda message, *rest, **more: print('own', message)"
    original = warnings.showwarning
    try:
        cells.run(f"import warnings\n{own}\nwarnings.warn('first')")
        cells.run("warnings.warn('second')")
        assert capsys.readouterr().out == "own first\nown second\n"
    finally:
        warnings.showwarning = original


def test_a_compiled_module_says_nothing_that_it_does_not_say_in_a_script(kernel: Kernel) -> None:
    """Not of the hooks by which its layers are seen, nor, before 2.14, of the marks that it must not compile."""
    source = (
        "import torch\n"
        "net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())\n"
        "fast = torch.compile(net, backend='eager')\n"
        "fast(torch.ones(2, 3)).shape"
    )
    events = list(kernel.run(0, source))
    assert [event.text for event in events if isinstance(event, Value)] == ["torch.Size([2, 4])"]
    assert [event.text for event in events if isinstance(event, Stdout | Stderr)] == []
