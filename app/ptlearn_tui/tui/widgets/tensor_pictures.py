"""A tensor as it looks: a histogram in a line, a matrix as a heat map, a picture in half blocks.

`rich`: the terminal has shades. Without them a heat map is drawn in digits, a picture in marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.color import Color
from textual.content import Content

from ptlearn_tui.tui.theme import MUTED, RICH
from ptlearn_tui.tui.widgets.picture import draw

if TYPE_CHECKING:
    from ptlearn_tui.events import Heat, Image

_BARS = "▁▂▃▄▅▆▇"
_PAGE = Color.parse(RICH.background or "#000000")
_BELOW, _ABOVE, _ODD = (Color.parse(each or "#ffffff") for each in (RICH.warning, RICH.accent, RICH.error))


def bars(counts: list[int], width: int) -> str:
    """The histogram, a character a bin; of more bins than there is room for, neighbours are added up."""
    each = -(-len(counts) // max(width, 1))
    sums = [sum(counts[start : start + each]) for start in range(0, len(counts), each)]
    most = max(sums, default=0)
    return "".join(" " if not count else _BARS[-(-count * len(_BARS) // most) - 1] for count in sums)


def heat_lines(heat: Heat, low: float, high: float, *, rich: bool, most: int) -> list[Content]:
    """The matrix, in at most so many lines. From dark at `low` to bright at `high`; in two colours where one is
    negative and one positive, but brightness alone tells. In digits otherwise."""
    per_line = 2 if rich else 1
    step = -(-len(heat.rows) // (most * per_line))
    rows = heat.rows[::step]
    if not rich:
        return [Content.styled(row, MUTED) for row in rows]
    palette = {str(level): _shade(level, low, high) for level in range(10)}
    palette |= {"n": _ODD.hex6, "+": palette["9"], "-": palette["0"]}
    lines = []
    for start in range(0, len(rows), 2):
        upper = rows[start]
        lower = rows[start + 1] if start + 1 < len(rows) else None
        parts = []
        for at, mark in enumerate(upper):
            ground = f" on {palette[lower[at]]}" if lower is not None else ""
            parts.append(("▀", palette[mark] + ground))
        lines.append(Content.assemble(*parts))
    return lines


def _shade(level: int, low: float, high: float) -> str:
    value = low / 2 + (high / 2 - low / 2) * (level + 0.5) / 10
    hue = _BELOW if low < 0 < high and value < 0 else _ABOVE
    return _PAGE.blend(hue, 0.1 + 0.75 * level / 9).hex6


def picture_lines(image: Image, *, rich: bool, small: bool) -> list[Content]:
    """The picture: two rows of pixels a line; `small`: half as wide and high."""
    size = 6 if image.colour else 2
    pixels = [[row[at : at + size] for at in range(0, len(row), size)] for row in image.rows]
    channels = [[[int(pixel[at : at + 2], 16) for pixel in row] for row in pixels] for at in range(0, size, 2)]
    return draw(channels, rich=rich, small=small)
