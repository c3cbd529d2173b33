"""Lines break where their readers expect it, and nothing that a terminal would obey gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import duration, fit, spread, wrap

WORDS = st.text(st.sampled_from("abcXYZ .,，。（）「」张量梯度反向传播 x1()"), min_size=1, max_size=120)


@given(WORDS, st.integers(8, 40))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, width: int) -> None:
    lines = [line.plain for line in wrap(Content(text), width)]
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_chinese_breaks_between_characters_and_never_before_closing_punctuation() -> None:
    lines = [line.plain for line in wrap(Content("梯度会累加，所以每一步之前要清零。"), 12)]
    assert lines == ["梯度会累加，", "所以每一步之", "前要清零。"]
    assert not any(line[0] in "，。" for line in lines)


def test_a_latin_word_inside_chinese_is_kept_whole() -> None:
    lines = [line.plain for line in wrap(Content("调用 backward() 之后"), 11)]
    assert any("backward()" in line for line in lines)


@pytest.mark.parametrize("bad", ["\x1b[2J", "\x07", "\x9b2J", "\u202etxt", "\u2066", "\x00", "\r"])
def test_control_sequences_and_direction_tricks_are_made_visible(bad: str) -> None:
    assert all(character.isprintable() for character in safe(f"a{bad}b"))


@given(st.text(max_size=60), st.integers(1, 40))
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(fit(safe(text).replace("\n", " "), width)) == width


@given(WORDS, WORDS)
def test_spread_puts_both_ends_on_one_line(left: str, right: str) -> None:
    line = spread(Content(left[:30]), Content(right[:20]), 80)
    assert line.cell_length == 80
    assert line.plain.endswith(right[:20])


def test_durations_are_for_people() -> None:
    assert [duration(seconds) for seconds in (0, 75, 400, 3723)] == ["0:00", "1:15", "6:40", "1:02:03"]
