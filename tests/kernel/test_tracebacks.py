"""What a learner sees of an error: their own frames, libraries in a line, and the tensors that stood there."""

from __future__ import annotations

import gc
import re
import weakref
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.events import Error

from .cells import NETWORK, Cells

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cells() -> Cells:
    return Cells()


def error(cells: Cells, source: str) -> Error:
    cells.run(source)
    (event,) = cells.of(Error)
    return event


def live(event: Error) -> str | None:
    """The line of the explanation that tells of the tensors on the line; why and repairs come after it."""
    return (event.explanation or "").split("\n")[0] if "tensors" in event.facts else None


# ---- frames --------------------------------------------------------------------------------------------------


def test_a_librarys_frames_are_one_line_that_says_where_it_was(cells: Cells) -> None:
    told = error(cells, NETWORK.replace("32, 32", "28, 28")).traceback
    own = [line for line in told.splitlines() if line.startswith('  File "')]
    assert [re.sub(r", line \d+", "", line) for line in own] == [
        '  File "<cell 1>", in <module>',
        '  File "<cell 1>", in forward',
    ]
    first, second = re.findall(r"^    … .*$", told, re.MULTILINE)
    assert re.fullmatch(r"    … \d frames in torch/nn/modules \(module\.py:\d+ in (_call_impl|inner)\)", first)
    assert re.fullmatch(r"    … \d frames in torch/nn/modules \(linear\.py:\d+ in forward\)", second)
    assert told.splitlines()[-1].startswith("RuntimeError: ")
    assert "ptlearn_tui" not in told and "site-packages" not in told


def test_the_caret_stands_under_what_failed_in_the_last_line_too(cells: Cells) -> None:
    told = error(cells, "a = torch.ones(2, 3)\nlen([a @ a])").traceback.splitlines()
    at = told.index("    len([a @ a])")
    assert told[at + 1] == "         ~~^~~"


def test_one_frame_and_frames_of_two_folders(cells: Cells) -> None:
    told = error(cells, "import json\njson.loads('{')").traceback
    assert re.search(r"^    … 3 frames in python/json \(decoder\.py:\d+ in raw_decode\)$", told, re.MULTILINE)
    told = error(cells, "import textwrap\ntextwrap.dedent(1)").traceback
    assert re.search(r"^    … 1 frame in python \(textwrap\.py:\d+ in dedent\)$", told, re.MULTILINE)
    told = error(cells, "torch.nn.CrossEntropyLoss()(torch.ones(2, 3), torch.ones(3).long())").traceback
    assert re.search(r"^    … \d frames in torch/nn \(functional\.py:\d+ in cross_entropy\)$", told, re.MULTILINE)


def test_the_whole_shows_a_librarys_frames_with_their_lines_and_none_of_ours(cells: Cells) -> None:
    event = error(cells, "import json\njson.loads('{')")
    assert event.whole is not None
    files = re.findall(r'^  File "(.*?)", line \d+, in \w+', event.whole, re.MULTILINE)
    assert files == ["python/json/__init__.py", "python/json/decoder.py", "python/json/decoder.py"]
    assert '  File "<cell 1>", line 2, in <module>\n    json.loads' in event.whole
    assert "ptlearn_tui" not in event.whole
    assert event.whole.splitlines()[-1] == event.traceback.splitlines()[-1]
    assert error(cells, "1 / 0").whole is None  # nothing is folded


def test_files_beside_the_cell_are_the_learners_too(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_alone.py").write_text("def f():\n    return 1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert (
        f'File "{tmp_path}/mine_alone.py", line 2, in f' in error(cells, "import mine_alone\nmine_alone.f()").traceback
    )


def test_an_endless_recursion_through_a_library_is_short(cells: Cells) -> None:
    source = "class N(torch.nn.Module):\n    def forward(self, x):\n        return self(x)\nN()(1)"
    told = error(cells, source).traceback
    assert len(told.splitlines()) < 250 and re.search(r"^    … \d+ more$", told, re.MULTILINE)


def test_causes_are_folded_too(cells: Cells) -> None:
    told = error(cells, "import json\ntry:\n    json.loads('{')\nexcept ValueError as e:\n    raise KeyError(1) from e")
    assert "python/json" in told.traceback and "direct cause" in told.traceback


# ---- tensors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "explanation"),
    [
        (
            "a = torch.ones(32, 400)\nb = torch.ones(576, 120)\nc = a @ b",
            "a is (32, 400) float32 cpu, b is (576, 120) float32 cpu",
        ),
        (
            "a, b = torch.ones(3, 2), torch.ones(2, 2).double()\nprint(\n    b.mm(\n        a.T,\n    )\n)",
            "b is (2, 2) float64 cpu, a is (3, 2) float32 cpu",
        ),
        ("a = torch.ones(3)\nif a:\n    b = a", "a is (3,) float32 cpu"),
        ("a = torch.ones(3)\nfor i in range(2):\n    a[i + 2]", "a is (3,) float32 cpu"),
        ("a = torch.ones(3)\nf = lambda b: b.view(2, -1)\nx = 1; f(a)", "b is (3,) float32 cpu"),
        ("a = torch.ones(2, device='meta')\n_ = a + torch.ones(3) + a", "a is (2,) float32 meta"),
        ("out = torch.ones(3, requires_grad=True)\nout.backward()", "out is (3,) float32 cpu"),
        (
            "net = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(3, 2))\nlayer = net[1]\nlayer(torch.ones(2))",
            "layer is Linear(in_features=3, out_features=2, bias=True), input is (2,) float32 cpu",
        ),
        ("a = torch.ones(2)\n1 / 0 * a", None),
        ("a = torch.ones(2)\nint('x') + a", None),
        ("a = torch.ones(2)\nassert a.shape == (3,), 'shape'", None),
    ],
)
def test_the_tensors_of_the_line_are_told(cells: Cells, source: str, explanation: str | None) -> None:
    assert live(error(cells, source)) == explanation


def test_inside_a_network_its_layers_are_told(cells: Cells) -> None:
    assert live(error(cells, NETWORK.replace("32, 32", "28, 28"))) == (
        "self.fc1 is Linear(in_features=400, out_features=120, bias=True), x is (1, 256) float32 cpu"
    )


def test_an_explanation_is_bounded_and_runs_nothing_of_the_learner(cells: Cells) -> None:
    names = ", ".join(f"a{n}" for n in range(30))
    explained = live(error(cells, f"{names} = torch.ones(30, 2)\ntorch.cat([{names}, torch.ones(1, 1)])"))
    assert explained is not None and explained.count(" is ") == 8
    source = (
        "class P:\n    ran = False\n    @property\n    def x(self):\n        P.ran += 1\n        return torch.ones(2)\n"
        "p = P()\np.x.view(3)"
    )
    assert live(error(cells, source)) is None
    assert cells.namespace["P"].ran == 1


def test_an_error_keeps_nothing_alive(cells: Cells) -> None:
    cells.run("def f():\n    big = torch.ones(2)\n    seen.append(weakref.ref(big))\n    return big @ torch.ones(3)")
    cells.namespace |= {"weakref": weakref, "seen": []}
    assert live(error(cells, "f()")) == "big is (2,) float32 cpu"
    gc.collect()
    assert cells.namespace["seen"][0]() is None


# ---- known errors --------------------------------------------------------------------------------------------


def test_a_known_error_has_a_code_why_it_happened_and_repairs(cells: Cells) -> None:
    event = error(cells, "a, b = torch.ones(3, 4), torch.ones(2, 4)\na @ b")
    assert event.code == "matmul-shapes"
    assert event.explanation is not None
    told, why, *repairs = event.explanation.split("\n")
    assert told == "a is (3, 4) float32 cpu, b is (2, 4) float32 cpu"
    assert why.endswith("a has 4, b has 2.")
    assert [repair.partition("  #")[0] for repair in repairs] == ["a @ b.T", "b = torch.randn(4, 2)"]


def test_what_could_not_be_parsed_is_explained_too(cells: Cells) -> None:
    event = error(cells, "x = 1\nprint（x）")
    assert (event.code, event.line) == ("full-width", 2)
    assert event.explanation is not None and event.explanation.endswith("\nprint(x)")
