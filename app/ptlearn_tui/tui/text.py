"""Text in terminal cells: a Chinese character is two, and lines break where its readers expect it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size
from textual.content import Content

from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator

# Never first in a line, and never last (CLREQ, the W3C's requirements for Chinese layout, 3.1.4).
_NEVER_FIRST = frozenset("，。、；：？！）】」』》〉”’…—·,.;:?!)]}%")
_NEVER_LAST = frozenset("（【「『《〈“‘([{")

_WIDE = frozenset("WF")


def is_wide(character: str) -> bool:
    """Whether it is written without spaces around it: Chinese characters and full-width punctuation."""
    return unicodedata.east_asian_width(character) in _WIDE


def _pieces(text: str) -> Iterator[str]:
    """Unbreakable pieces, each with the spaces that follow it."""
    start = 0
    for at in range(1, len(text)):
        before, after = text[at - 1], text[at]
        if after == " " or after in _NEVER_FIRST or before in _NEVER_LAST:
            continue
        if before == " " or is_wide(before) or is_wide(after):
            yield text[start:at]
            start = at
    yield text[start:]


def wrap(content: Content, width: int) -> list[Content]:
    """Break one paragraph (no line ends in it) into lines of at most `width` cells."""
    width = max(width, 2)
    offsets: list[int] = []
    position = used = 0
    for piece in _pieces(content.plain):
        bare = cell_len(piece.rstrip(" "))
        if used and used + bare > width:
            offsets.append(position)
            used = 0
        if bare > width:  # a word longer than the line is cut where the line ends
            for index, character in enumerate(piece):
                size = get_character_cell_size(character)
                if used + size > width:
                    offsets.append(position + index)
                    used = 0
                used += size
        else:
            used += cell_len(piece)
        position += len(piece)
    return [line.rstrip() for line in content.divide(offsets)] if offsets else [content.rstrip()]


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells: padded, or cut with an ellipsis."""
    size = cell_len(text)
    if size <= width:
        return text + " " * (width - size)
    kept, used = "", 0
    for character in text:
        step = get_character_cell_size(character)
        if used + step > width - 1:
            break
        kept, used = kept + character, used + step
    return kept + "…" + " " * (width - 1 - used)


def spread(left: Content, right: Content, width: int) -> Content:
    """One line: `left` at its begin, `right` at its end; the left gives way."""
    room = width - right.cell_length
    if left.cell_length > room - 1:
        left = left.truncate(max(room - 1, 0), ellipsis=True)
    return Content.assemble(left, " " * max(room - left.cell_length, 0), right)


def duration(seconds: float) -> str:
    """`6:40`, `1:02:03`: time left or taken, for people."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def took(seconds: float) -> str:
    """`3 ms`, `1.2 s`, `2:05`: how long something ran."""
    if seconds < 1:
        return t("{n} ms", n=max(1, round(seconds * 1000)))
    return t("{n} s", n=f"{seconds:.1f}") if seconds < 100 else duration(seconds)


def thousands(number: float) -> str:
    """`2 110`: groups of three, a thin habit that both languages read."""
    return f"{number:,.0f}".replace(",", " ")


def memory(size: float) -> str:
    """`212 MB`, `1.3 GB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
