"""Traps are told once a line, with words in both languages; correct scripts hear nothing."""

from __future__ import annotations

import ast
import gc
import re
import weakref
from string import Formatter
from typing import TYPE_CHECKING, Any

import pytest
import torch

from introspect.trap_scripts import CORRECT, TRAPS
from kernel.cells import Cells
from ptlearn_tui.events import Advice
from ptlearn_tui.introspect.traps import Traps
from ptlearn_tui.locale.explained import explain, traps_en, traps_zh
from test_locale import mix_ups

if TYPE_CHECKING:
    from ptlearn_tui.locale.explained import Ways


def advised(source: str) -> list[str]:
    cells = Cells()
    cells.run(source)
    assert cells.done().ok, cells.events
    return [f"{advice.code}:{advice.line}" for advice in cells.of(Advice)]


@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_script_hears_nothing(name: str) -> None:
    assert advised(CORRECT[name]) == []


@pytest.mark.parametrize("code", TRAPS)
def test_a_trap_is_told_once_and_alone(code: str) -> None:
    assert [each.partition(":")[0] for each in advised(TRAPS[code][0])] == [code]


@pytest.mark.parametrize("code", TRAPS)
def test_what_is_nearly_a_trap_is_none(code: str) -> None:
    assert advised(TRAPS[code][1]) == []


@pytest.mark.parametrize("inside", ["correct", "trap"])
def test_a_script_in_a_function_is_judged_alike(inside: str) -> None:
    source = CORRECT["validation"] if inside == "correct" else TRAPS["no-zero-grad"][0]
    body = "".join(f"    {line}\n" for line in source.splitlines())
    told = advised(f"def main():\n{body}\nmain()\n")
    assert [each.partition(":")[0] for each in told] == ([] if inside == "correct" else ["no-zero-grad"])


def test_a_trap_is_told_again_when_the_cell_runs_again() -> None:
    cells = Cells()
    for _ in range(2):
        cells.run(TRAPS["no-zero-grad"][0])
        assert len(cells.of(Advice)) == 1


def test_the_line_is_that_of_the_trap() -> None:
    source = TRAPS["loss-keeps-graph"][0]
    line = 1 + source.splitlines().index("    total += loss")
    assert advised(source) == [f"loss-keeps-graph:{line}"]


def test_a_rule_that_raises_is_switched_off_and_the_cell_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptlearn_tui.introspect.traps.graphs.look", lambda *args: 1 / 0)
    assert advised(TRAPS["no-zero-grad"][0]) == []


def test_nothing_is_kept_alive() -> None:
    cells = Cells()
    cells.run(
        CORRECT["validation"]
        + "\ndef f(a):\n    s = net(a).sum()\n    s.backward()\n    return a\nkept = f(x.clone())\n"
    )
    kept = [weakref.ref(cells.namespace[name]) for name in ("loss", "kept", "a")]
    for name in ("loss", "kept", "a", "b", "_"):
        cells.namespace.pop(name, None)
    cells.run("pass")
    gc.collect()
    assert [each() for each in kept] == [None] * 3


def test_nothing_is_left_in_torch() -> None:
    before = torch.no_grad.__enter__, torch.inference_mode.__enter__
    hooks = torch.nn.modules.module._global_forward_pre_hooks
    advised(TRAPS["eval-forgotten"][1])
    assert (torch.no_grad.__enter__, torch.inference_mode.__enter__) == before
    assert not hooks


def test_the_rules_know_no_kernel() -> None:
    told: list[Any] = []
    traps = Traps(lambda *trap: told.append(trap), lambda frame: (0, 7), lambda tensor: None)
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    with traps.watching():
        traps.losses("loss", (0, 7), [1.0, float("nan")])
        optimizer.step()
    assert told == [("nan-loss", (0, 7), {"value": "nan", "step": "2"})]


# ---- words -----------------------------------------------------------------------------------------------------


def ways(said: Ways) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


def places(way: str) -> list[tuple[str | None, bool]]:
    return sorted((str(name), bool(other)) for _, name, other, _ in Formatter().parse(way) if name is not None)


def test_every_trap_has_words_in_both_languages() -> None:
    assert traps_en.TRAPS.keys() == traps_zh.TRAPS.keys() == TRAPS.keys()


@pytest.mark.parametrize("code", TRAPS)
def test_the_words_agree(code: str) -> None:
    english, chinese = traps_en.TRAPS[code], traps_zh.TRAPS[code]
    assert [places(way) for way in ways(english.why)] == [places(way) for way in ways(chinese.why)]
    for one, other in zip(english.repairs, chinese.repairs, strict=True):
        assert [way.partition("  # ")[0] for way in ways(one)] == [way.partition("  # ")[0] for way in ways(other)]
    for language in ("en", "zh"):
        said = explain(code, {}, language)
        assert said is not None and said.why and said.repairs
        for repair in said.repairs:
            ast.parse(repair)
    for way in ways(chinese.why):
        assert mix_ups(re.sub(r"`[^`]*`", "x", way)) == []
