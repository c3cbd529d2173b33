"""What is explained is explained in both languages, with the same facts and the same code, and never with a gap."""

from __future__ import annotations

import ast
import re
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui import events, locale
from ptlearn_tui.cli.run import _say
from ptlearn_tui.introspect.errors import KNOWN
from ptlearn_tui.locale.explained import LIVE, en, explain, in_english, live, repair_labels, zh
from test_locale import mix_ups

if TYPE_CHECKING:
    from ptlearn_tui.locale.explained import Text, Ways

CODES = sorted(en.TABLE)


def ways(said: Ways) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


def facts_of(way: str) -> list[str]:
    """The facts that a way has places for; of those that may be missing, and of those that may not."""
    named = [(name, bool(stand_in)) for _, name, stand_in, _ in Formatter().parse(way) if name is not None]
    return sorted(f"{name}?" if stand_in else name for name, stand_in in named)


def code(way: str) -> str:
    return way.partition("  # ")[0]


def texts(text: Text) -> list[str]:
    return [way for said in (text.why, *text.repairs) for way in ways(said)]


def test_every_known_error_is_explained_and_nothing_else_in_both_languages() -> None:
    assert en.TABLE.keys() == zh.TABLE.keys()
    assert {known.code for known in KNOWN} == en.TABLE.keys()


@pytest.mark.parametrize("name", CODES)
def test_both_languages_have_places_for_the_same_facts_and_the_same_code(name: str) -> None:
    english, chinese = en.TABLE[name], zh.TABLE[name]
    assert [facts_of(way) for way in ways(english.why)] == [facts_of(way) for way in ways(chinese.why)]
    assert len(english.repairs) == len(chinese.repairs)
    for one, other in zip(english.repairs, chinese.repairs, strict=True):
        assert [code(way) for way in ways(one)] == [code(way) for way in ways(other)]
        assert ["  # " in way for way in ways(one)] == ["  # " in way for way in ways(other)]


@pytest.mark.parametrize("language", locale.LANGUAGES)
@pytest.mark.parametrize("name", CODES)
def test_without_any_fact_there_is_still_a_reason_and_a_repair(name: str, language: str) -> None:
    said = explain(name, {}, language)
    assert said is not None and said.why and 1 <= len(said.repairs) <= 2
    assert not re.search(r"[{}]", said.why)
    for repair in said.repairs:
        if not code(repair).startswith("pip install"):
            ast.parse(code(repair))


@pytest.mark.parametrize("name", CODES)
def test_no_way_to_say_it_is_out_of_reach(name: str) -> None:
    """The first of several needs a fact that the others do without."""
    for table in (en.TABLE, zh.TABLE):
        for said in (table[name].why, *table[name].repairs):
            needs = [{fact for fact in facts_of(way) if not fact.endswith("?")} for way in ways(said)]
            for at, later in enumerate(needs):
                assert not any(earlier <= later for earlier in needs[:at]), said


@pytest.mark.parametrize("name", CODES)
def test_the_chinese_is_written_as_chinese_is(name: str) -> None:
    for way in texts(zh.TABLE[name]):
        said = way.partition("  # ")[2] if way not in ways(zh.TABLE[name].why) else re.sub(r"`[^`]*`", "x", way)
        said = re.sub(r"\{(\w+):[^{}]*\}", r"{\1}", said)  # what stands in for a fact is shown in its place
        assert mix_ups(said) == [], way
    assert not any(re.search(r"[\u3000-\u9fff\uff00-\uffef]", way) for way in texts(en.TABLE[name]))


def test_what_stood_on_the_line_is_told_in_the_language_in_use() -> None:
    facts = {LIVE: "a: (3,) float32 cpu\nfc: Linear(in_features=3, out_features=2, bias=True)"}
    assert live(facts) == "a is (3,) float32 cpu, fc is Linear(in_features=3, out_features=2, bias=True)"
    assert repair_labels() == ("try ", "or  ")
    locale.use("zh")
    assert live(facts) == "a 是 (3,) float32 cpu，fc 是 Linear(in_features=3, out_features=2, bias=True)"
    assert in_english("zero-dim", facts) is not None and " is (3,)" in str(in_english("zero-dim", facts))
    assert live({}) is None
    assert explain("zero-dim", {"x": "loss"}) != explain("zero-dim", {"x": "loss"}, "en")
    assert explain("of no table", {}) is explain(None, {}) is in_english(None, {}) is None


def test_without_a_screen_it_is_said_on_stderr_in_the_language_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {LIVE: "x: (3,) float32 cpu", "x": "x", "last": "2", "end": "-1"}
    error = events.Error(kind="E", message="m", line=1, traceback="E: m", code="index-out-of-range", facts=facts)
    locale.use("zh")
    _say(error)
    _say(events.Advice(code="softmax-dim", line=3, message="m", facts={"call": "torch.softmax(x, dim=1)"}))
    _say(events.Advice(code="of-no-table", line=1, line_cell=0, message="as it is"))
    assert capsys.readouterr().err.splitlines() == [
        "E: m",
        "x 是 (3,) float32 cpu",
        "下标从 0 数起，所以最后一个下标是大小减 1。",
        "改为 x[2]  # 最后一个",
        "或者 x[-1]  # 最后一个，不论大小",
        "第 3 行  没有说明沿哪一维求和为 1。对（batch，类别）来说是 1。",
        "改为 torch.softmax(x, dim=1)",
        "第 1 格 第 1 行  as it is",
    ]
