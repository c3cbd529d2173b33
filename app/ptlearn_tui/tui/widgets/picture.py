"""A picture in half blocks, two rows of pixels a line; in marks where the terminal has no shades."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from textual.content import Content

if TYPE_CHECKING:
    from collections.abc import Sequence

Channel: TypeAlias = list[list[int]]
"""Rows of 0..255."""

_SHADES = " .:*#"
_PAGE = 0x15  # the dark that a black pixel of a grey picture is drawn in: the page's own
_BLANK = (_PAGE,) * 3


def draw(channels: Sequence[Channel], *, rich: bool, small: bool) -> list[Content]:
    """A grey picture (one channel) or one in colour (red, green, blue); `small`: half as wide and high."""
    if small:
        channels = [_shrunk(channel) for channel in channels]
    if len(channels[0]) % 2:
        channels = [[*channel, [0] * len(channel[0])] for channel in channels]
    if rich:
        return _half_blocks(channels)
    return _marks(channels[0] if len(channels) == 1 else _brightness(channels))


def split_colours(pixels: list[list[int]]) -> tuple[Channel, Channel, Channel]:
    """Red, green and blue of rows of 0xRRGGBB."""
    red, green, blue = ([[value >> shift & 0xFF for value in row] for row in pixels] for shift in (16, 8, 0))
    return red, green, blue


def _shrunk(channel: Channel) -> Channel:
    """Means of 2×2 pixels."""
    rows = []
    for upper, lower in zip(channel[::2], channel[1::2], strict=False):
        quads = zip(upper[::2], upper[1::2], lower[::2], lower[1::2], strict=False)
        rows.append([sum(quad) // 4 for quad in quads])
    return rows


def _half_blocks(channels: Sequence[Channel]) -> list[Content]:
    """Lines of ▀, its ink the upper and its ground the lower pixel; grey goes from the page's dark to white."""
    if len(channels) == 1:
        grey = [[_PAGE + (value * (240 - _PAGE)) // 255 for value in row] for row in channels[0]]
        channels = (grey, grey, grey)
    rows = [list(zip(*row, strict=True)) for row in zip(*channels, strict=True)]
    lines = []
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        parts = []
        for above, below in zip(upper, lower, strict=True):
            blank = above == below == _BLANK
            parts.append((" ", "") if blank else ("▀", f"{_hex(above)} on {_hex(below)}"))
        lines.append(Content.assemble(*parts))
    return lines


def _hex(pixel: tuple[int, ...]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*pixel)


def _brightness(channels: Sequence[Channel]) -> Channel:
    """How bright it looks (ITU-R BT.601), from the picture's darkest to its brightest: there are only five marks."""
    looks = [
        [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in zip(*rows, strict=True)]
        for rows in zip(*channels, strict=True)
    ]
    low, high = min(map(min, looks)), max(map(max, looks))
    if high - low < 1:  # of one brightness: as it is
        low, high = 0.0, 255.0
    return [[int(255 * (value - low) / (high - low)) for value in row] for row in looks]


def _marks(channel: Channel) -> list[Content]:
    """Five marks, from nothing to `#`."""
    lines = []
    for upper, lower in zip(channel[::2], channel[1::2], strict=True):
        means = ((above + below) / 2 for above, below in zip(upper, lower, strict=True))
        lines.append(Content("".join(_SHADES[min(4, int(value / 52))] for value in means)))
    return lines
