"""Keys as terminals, slow lines and input methods really send them."""

from __future__ import annotations

import pytest
from textual.events import Key

from ptlearn_tui.tui.keys import KeyFolder, from_input_method


class Clock:
    """Time as the test says."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def folded(folder: KeyFolder, *keys: Key, typing: bool = False) -> list[str]:
    return [out.key for key in keys for out in folder.fold(key, typing=typing)]


@pytest.mark.parametrize(
    ("character", "key"), [("？", "question_mark"), ("１", "1"), ("／", "slash"), ("ｑ", "q"), ("：", "colon")]
)
def test_full_width_forms_are_folded(clock: Clock, character: str, key: str) -> None:
    assert folded(KeyFolder(clock), Key(character, character)) == [key]


def test_typed_text_keeps_its_full_width_forms(clock: Clock) -> None:
    assert folded(KeyFolder(clock), Key("？", "？"), typing=True) == ["？"]


def test_the_tail_of_a_late_arrow_is_dropped(clock: Clock) -> None:
    folder = KeyFolder(clock)
    assert folded(folder, Key("escape", "\x1b")) == ["escape"]
    clock.now += 0.06
    assert folded(folder, Key("left_square_bracket", "["), Key("B", "B")) == []
    assert folded(folder, Key("B", "B")) == ["B"], "only once"


def test_letters_long_after_an_escape_are_letters(clock: Clock) -> None:
    folder = KeyFolder(clock)
    folded(folder, Key("escape", "\x1b"))
    clock.now += 2
    assert folded(folder, Key("O", "O"), Key("A", "A")) == ["O", "A"]


def test_escape_and_a_letter_in_one_packet_mean_both(clock: Clock) -> None:
    assert folded(KeyFolder(clock), Key("alt+n", None)) == ["escape", "n"]


def test_a_chinese_character_is_known_as_such() -> None:
    assert from_input_method(Key("你", "你"))
    assert not from_input_method(Key("n", "n"))
    assert not from_input_method(Key("enter", "\r"))
