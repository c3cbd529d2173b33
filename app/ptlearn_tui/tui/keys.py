"""What arrives from the keyboard, put right before it is looked up: input methods, slow lines, joined packets."""

from __future__ import annotations

import time
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from textual import events
from textual.binding import ActiveBinding, Binding
from textual.keys import _character_to_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

# The last bytes of an arrow key (ESC [ B, ESC O B) that came over a slow line after their escape.
_TAIL_FIRST = frozenset("[O")
_TAIL_LAST = frozenset("ABCDFH")
_TAIL_SECONDS = 0.3

_SHOWN = {"question_mark": "?", "colon": ":", "full_stop": ".", "slash": "/", "plus": "+", "escape": "esc"}
_SHOWN |= {"up": "↑", "down": "↓", "left": "←", "right": "→"}


def shown_key(key: str) -> str:
    """A key as people call it: "?", "esc", "ctrl+c"."""
    return _SHOWN.get(key, key)


def described(screen: Screen[object]) -> dict[str, list[ActiveBinding]]:
    """What can be done on a screen now, by description, with the keys for it; nothing of Textual's own."""
    found: dict[str, list[ActiveBinding]] = {}
    for active in screen.active_bindings.values():
        description = active.binding.description
        if description and not active.binding.system and description not in _textuals(type(active.node)):
            found.setdefault(description, []).append(active)
    return found


@cache
def _textuals(kind: type) -> frozenset[str]:
    """The descriptions of what Textual itself binds in a class."""
    return frozenset(
        binding.description
        for base in kind.__mro__
        if base.__module__.startswith("textual.")
        for binding in base.__dict__.get("BINDINGS", ())
        if isinstance(binding, Binding)
    )


class KeyFolder:
    """Gives for each key the keys that were meant. `clock` is passed in so that tests need not wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._escape_at = float("-inf")
        self._in_tail = False

    def fold(self, key: events.Key, *, typing: bool) -> list[events.Key]:
        """Full-width forms become ASCII (unless text is being typed), a late arrow's tail is dropped, and an
        escape that came in one packet with a letter means both."""
        character = key.character
        now = self._clock()
        if key.key == "escape":
            self._escape_at, self._in_tail = now, False
            return [key]
        recent = now - self._escape_at < _TAIL_SECONDS
        if recent and not self._in_tail and character in _TAIL_FIRST:
            self._in_tail = True
            return []
        if recent and self._in_tail and character in _TAIL_LAST:
            self._escape_at, self._in_tail = float("-inf"), False
            return []
        self._in_tail = False
        if key.key.startswith("alt+") and len(key.key) == 5:
            return [events.Key("escape", "\x1b"), _plain(key.key[-1])]
        if not typing and character and unicodedata.east_asian_width(character) == "F":
            return [_plain(unicodedata.normalize("NFKC", character))]
        return [key]


def _plain(character: str) -> events.Key:
    return events.Key(_character_to_key(character), character)


def from_input_method(key: events.Key) -> bool:
    """Whether this is a Chinese character: an input method is on where no text is expected."""
    character = key.character or ""
    return any("CJK" in unicodedata.name(each, "") for each in character)
