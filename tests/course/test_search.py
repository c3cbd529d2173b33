"""Words lead to the pages that have them, the best first; hints of exercises stay hidden."""

from __future__ import annotations

import pytest

from ptlearn_tui.course.plan import load_plan
from ptlearn_tui.course.search import search


def keys(words: str, language: str = "en") -> list[str]:
    return [hit.entry.key for hit in search(load_plan(language), words)]


def test_a_title_comes_before_prose_and_capitals_make_no_difference() -> None:
    assert keys("Backward from a SCALAR")[0] == "autograd/scalar"
    assert keys("jacobian")[:1] == ["autograd/jacobian"]
    assert "autograd/vector" in keys("jacobian")


def test_all_words_have_to_stand_in_one_passage() -> None:
    assert "autograd/scalar" in keys("walks back leaf")
    assert keys("walks zzqx") == []
    assert keys("") == keys("   ") == []


def test_chinese_is_found_without_spaces() -> None:
    assert keys("叶子张量", "zh")
    assert keys("叶子张量", "en") == ["glossary/glossary"], "which has both languages"


def test_markup_is_neither_shown_nor_found() -> None:
    (hit,) = [hit for hit in search(load_plan("en"), "hands a quarter") if hit.entry.id == "scalar"]
    assert "mean hands a quarter of it" in hit.passage
    assert "`" not in hit.passage
    assert keys("../02-tensors") == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hints_of_exercises_are_not_found(language: str) -> None:
    hint = {"en": "How many entries share the mean", "zh": "均值由多少个元素平分"}[language]
    assert "exercise autograd/grad-of-mean" not in keys(hint, language)
    assert "exercise autograd/grad-of-mean" in keys("out = (9 * (x + 2)).mean()", language)
