"""Everything that is shown is there in Chinese, nothing else is in the table, and it is written as Chinese is."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import ptlearn_tui
from ptlearn_tui import locale
from ptlearn_tui.course.plan import lessons_folder
from ptlearn_tui.locale import t
from ptlearn_tui.locale.zh import TABLE
from ptlearn_tui.training.catalog import RECIPES

APP = Path(ptlearn_tui.__file__).parent

# Keys that reach `t` through a variable, and the file whose string they are.
ELSEWHERE = {
    "introspect/tensors.py": ["not a leaf", "no backward yet", "requires_grad is False"],  # why there is no gradient
    "runs/listing.py": ["running", "paused", "finished", "stopped", "failed", "lost"],  # a run's status
    "training/rank.py": ["the process that launched it has ended it, or has ended itself"],
}
ARGPARSE = ["options", "positional arguments"]  # its own headings


@cache
def trees() -> dict[str, ast.Module]:
    """The program's files, parsed."""
    return {str(path.relative_to(APP)): ast.parse(path.read_text("utf-8")) for path in sorted(APP.rglob("*.py"))}


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Every call of the function, and `file:line`."""
    return [
        (f"{file}:{node.lineno}", node)
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) == name or getattr(node.func, "attr", None) == name)
    ]


def literals(node: ast.expr) -> list[str]:
    """The strings that an argument can be; none for a variable."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return literals(one) + literals(other)
    return []


def shown() -> dict[str, str]:
    """Every string that is translated, and where it stands."""
    found = {text: where for where, call in calls("t") for text in literals(call.args[0])}
    for where, call in calls("Binding"):
        given = [*call.args[2:3], *(word.value for word in call.keywords if word.arg == "description")]
        found |= {text: where for node in given for text in literals(node) if text}
    for recipe in RECIPES.values():
        found |= {recipe.title: "catalog", recipe.about: "catalog"}
    return found | {text: file for file, texts in ELSEWHERE.items() for text in texts}


def fields(text: str) -> list[tuple[str, str]]:
    """`{name:format}` placeholders, in any order."""
    return sorted((name, form or "") for _, name, form, _ in Formatter().parse(text) if name is not None)


def test_the_scan_finds_what_it_is_for() -> None:
    found = shown()
    assert len(found) > 200
    assert found["every action, by name"].startswith("tui/")  # a binding
    assert found["{n} cells, {failed} failed"].startswith("cli/run.py")
    assert literals(ast.parse("'a' 'b' if x else 'c'", mode="eval").body) == ["ab", "c"]


def test_everything_that_is_shown_has_a_chinese_entry() -> None:
    assert {text: where for text, where in shown().items() if text not in TABLE} == {}


def test_no_entry_is_stale() -> None:
    assert TABLE.keys() - shown().keys() - {*ARGPARSE} == set()


@pytest.mark.parametrize("file", ELSEWHERE)
def test_what_comes_from_elsewhere_still_does(file: str) -> None:
    source = (APP / file).read_text("utf-8")
    assert [text for text in ELSEWHERE[file] if f'"{text}"' not in source] == []


def test_no_entry_stands_in_two_tables() -> None:
    seen: dict[str, str] = {}
    for file, tree in trees().items():
        for node in ast.walk(tree) if file.startswith("locale/zh/") else ():
            for key in (key for key in node.keys if key) if isinstance(node, ast.Dict) else ():
                (text,) = literals(key)
                assert text not in seen, f"{text!r} in {file} and {seen[text]}"
                seen[text] = file
    assert seen.keys() == TABLE.keys()


def test_placeholders_are_equal_on_both_sides() -> None:
    assert [english for english, chinese in TABLE.items() if fields(english) != fields(chinese)] == []


def test_every_call_fills_the_placeholders_of_its_text() -> None:
    wrong = [
        where
        for where, call in calls("t")
        for text in literals(call.args[0])
        if {name for name, _ in fields(text)} != {word.arg for word in call.keywords}
    ]
    assert wrong == []


HAN = "\u4e00-\u9fff"
MIX_UPS = {
    "half-width punctuation in Chinese": rf"[{HAN}][,;:!?(]|[,;:!?)][{HAN}]|[{HAN}]\.(?!\w|\.)",
    "full-width punctuation beside a space": r"[，。；：！？、）] (?![-*])| [，。；：！？、）]",
    "no space between Chinese and other letters or digits": rf"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]",
    "no space around a placeholder": rf"[{HAN}]{{|}}[{HAN}]",
    "a full-width letter or digit": r"[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]",
}


def mix_ups(text: str) -> list[str]:
    return [what for what, pattern in MIX_UPS.items() if re.search(pattern, text)]


def test_the_table_is_written_as_chinese_is() -> None:
    assert {chinese: mix_ups(chinese) for chinese in TABLE.values() if mix_ups(chinese)} == {}
    assert [english for english in TABLE if re.search(r"[\u3000-\u9fff\uff00-\uffef]", english)] == []


@pytest.mark.parametrize(
    "path", sorted((lessons_folder() / "zh").rglob("*.md")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_the_lessons_are_written_as_chinese_is(path: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\$[^$]*\$|`[^`]*`", "x", line) for line in prose.split("\n")]  # code and formulas are words
    assert {line: mix_ups(line) for line in lines if mix_ups(line)} == {}


@pytest.mark.parametrize(
    "text",
    [
        *("你好,世界", "你好:", "你好, 世界", "（一）,二", "运行 (一)次", "完了."),
        *("在torch里", "第3步", "一{n}", "{n}二", "１", "好， 坏"),
    ],
)
def test_a_mix_up_would_be_noticed(text: str) -> None:
    assert mix_ups(text)
    assert not mix_ups("在 torch 里，第 {n} 步（见 `x.grad`）：1.5 秒。")


def test_a_text_is_given_in_the_language_in_use() -> None:
    assert t("epoch {n} of {total}", n=3, total=5) == "epoch 3 of 5"
    locale.use("zh")
    assert locale.language() == "zh"
    assert t("epoch {n} of {total}", n=3, total=5) == "第 3/5 轮"
    assert t("of no table, {n}", n=1) == "of no table, 1"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": ""}, "en"),
    ],
)
def test_the_locale_chooses_the_language(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert locale.from_environment() == language
