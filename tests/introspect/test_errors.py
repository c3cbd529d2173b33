"""The commonest errors and warnings are known, however a version of PyTorch words them; others are left alone."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from kernel.cells import Cells
from ptlearn_tui.events import Advice, Error
from ptlearn_tui.introspect.errors import KNOWN, recognise
from ptlearn_tui.introspect.scene import Scene
from ptlearn_tui.locale.explained import explain

from .known_errors import CASES, NEVER_HERE, OTHER_WORDS, Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES: dict[str, Any] = {
    "nn": nn, "np": np, "DataLoader": DataLoader, "datasets": datasets, "transforms": transforms,
}  # fmt: skip


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cells]:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)  # what C code warns of once a process, it warns of in each test
    run = Cells()
    run.namespace |= NAMES
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("default")
        yield run
    torch.set_warn_always(always)


def told(cells: Cells, case: Case) -> Error | Advice:
    cells.run(case.source)
    events = [event for kind in (Advice, Error) for event in cells.of(kind)]
    assert len(events) == 1, events
    return events[0]


ids = [f"{case.code}-{number}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_what_pytorch_really_says_is_known_and_what_it_is_about_is_read(cells: Cells, case: Case) -> None:
    event = told(cells, case)
    assert isinstance(event, Advice) is case.warns
    assert event.code == case.code
    assert {name: event.facts.get(name) for name in case.facts} == case.facts
    assert event.line == case.source.count("\n") + 1 or "class Net" in case.source
    said = explain(event.code, event.facts)
    assert said is not None and said.repairs and "{" not in said.why
    whole = event.message if isinstance(event, Advice) else event.explanation
    assert whole is not None and whole.endswith("\n".join([said.why, *said.repairs]))


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_repair_mends_it(cells: Cells, case: Case) -> None:
    event = told(cells, case)
    english, chinese = (explain(event.code, event.facts, language) for language in ("en", "zh"))
    assert english is not None and chinese is not None
    assert [code(repair) for repair in english.repairs] == [code(repair) for repair in chinese.repairs]
    mended = case.mended or (case.before + "\n@@",) * len(english.repairs)
    assert len(mended) == len(english.repairs), english.repairs
    for cell, repair in zip(mended, english.repairs, strict=True):
        if cell is not None:
            fresh = Cells()
            fresh.namespace |= NAMES
            fresh.run(cell.replace("@@", repair))
            assert fresh.of(Error) == [], repair
            assert [advice for advice in fresh.of(Advice) if advice.code == case.code] == []


def code(repair: str) -> str:
    return repair.partition("  # ")[0]


def test_every_known_one_is_really_raised_here() -> None:
    assert {known.code for known in KNOWN} - {case.code for case in CASES} == NEVER_HERE
    assert len({case.code for case in CASES}) >= 36


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_that_is_said(cells: Cells) -> None:
    cells.run("torch.ones(2, device='cuda')")
    (event,) = cells.of(Error)
    assert event.code == "cuda-missing"


# ---- other versions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "message", "code"), OTHER_WORDS, ids=range(len(OTHER_WORDS)))
def test_the_words_of_other_versions_are_known_too(kind: type[BaseException], message: str, code: str) -> None:
    known = recognise(Scene(kind(message)))
    assert known is not None and known[0] == code
    said = explain(code, known[1])
    assert said is not None and said.repairs and "{" not in said.why


@pytest.mark.parametrize(
    "source",
    [
        'raise ValueError("size mismatch of my table")',
        "raise RuntimeError(\"shape '[2, 4]' is invalid for input of size 9\")",
        'raise IndexError("index 5 is out of bounds for dimension 0 with size 3")',
        "def check(x):\n    raise ValueError('expected 4D input (got 2D input)')\ncheck(torch.ones(2, 2))",
        "assert torch.ones(1).device == 'cuda', 'Torch not compiled with CUDA enabled'",
        "{}['grad']",
        "1 / 0",
        "int('a tensor of elements')",
        "[1, 2][5]",
        "(1, 2).index(3)",
        "'text'.sum_of()",
        "import dataclasses\nclass Row: pass\nRow().requires_grads",
        "a, b = [1, 2, 3]",
        "len(5)",
        "'a' + 1",
        "5()",
        "open('/')",
        "import json\njson.loads('{')",
        "x = (1 +",
        "def f(a): return a\nf(b_=1)",
        "import random\nrandom.sample([1, 2], 5)",
        "np.ones(3) + np.ones(4)",
        "np.ones(3).reshape(2, 2)",
        "def forward(): raise TypeError('forward() takes 1 positional argument but 2 were given')\nforward()",
    ],
)
def test_what_is_something_else_is_left_alone(cells: Cells, source: str) -> None:
    cells.run(source)
    (event,) = cells.of(Error)
    assert event.code is None


def test_a_learners_own_warning_is_left_alone(cells: Cells) -> None:
    cells.run("import warnings\nwarnings.warn('my own: the size of tensor a')")
    assert cells.of(Advice) == []


def test_a_warning_of_a_loop_is_one_advice_though_its_sizes_change(cells: Cells) -> None:
    cells.run("for n in (3, 2):\n    nn.functional.mse_loss(torch.ones(n, 1), torch.ones(n))")
    assert [advice.line for advice in cells.of(Advice)] == [2]


def test_a_function_of_an_earlier_cell_warns_with_that_cell(cells: Cells) -> None:
    cells.run("def f(x): return nn.functional.softmax(x)")
    cells.run("f(torch.ones(2, 3))")
    (advice,) = cells.of(Advice)
    assert (advice.code, advice.cell, advice.line, advice.line_cell) == ("softmax-dim", 1, 1, 0)


def test_nothing_of_the_learner_runs_to_explain(cells: Cells) -> None:
    cells.run(
        "class P:\n    ran = 0\n    @property\n    def x(self):\n        P.ran += 1\n        return torch.ones(2)\n"
        "    def __getattr__(self, name):\n        P.ran += 100\n        raise AttributeError(name)\n"
        "p = P()\ntorch.ones(3) + p.x"
    )
    (event,) = cells.of(Error)
    assert event.code == "broadcast"
    assert cells.namespace["P"].ran == 1
