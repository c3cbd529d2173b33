"""Every drawn character, and what stands for it where the terminal has only ASCII (or draws box lines two wide).

Marks that change their width are asked for by name; the rest is translated as it is drawn, cell for cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

_ascii = False


def use_ascii(only: bool) -> None:
    """Draw with ASCII from now on."""
    global _ascii
    _ascii = only


def only_ascii() -> bool:
    """Whether it is drawn with ASCII."""
    return _ascii


def tick() -> str:
    """Done, right: one cell, or two in ASCII."""
    return "ok" if _ascii else "✓"


def cross() -> str:
    """Failed, wrong: one cell, or two in ASCII."""
    return "no" if _ascii else "✗"


FOCUS = "▌"  # where the keys go: exactly one on the screen
HERE = "▏"  # what is current in a pane that does not have the keys
POINTER = "▸"  # what another pane points at

_TABLE = str.maketrans(
    {
        "▌": ">",
        "▏": "|",
        "▸": ">",
        "━": "=",
        "─": "-",
        "│": "|",
        "·": ".",
        "›": "/",
        "←": "<",
        "→": ">",
        "↑": "^",
        "↓": "v",
        "…": "~",
        "×": "x",
        "┤": "+",
        "├": "+",
        "┬": "+",
        "┴": "+",
        "└": "+",
        "┘": "+",
        "┌": "+",
        "┐": "+",
        "┼": "+",
        "╶": "-",
        "╴": "-",
        **{chr(0x2581 + level): str(level) for level in range(8)},
        **{chr(code): " .:*"[min(3, (bin(code & 0xFF).count("1") + 2) // 3)] for code in range(0x2800, 0x2900)},
    }
)


class AsciiFilter(LineFilter):
    """Translates every line just before it is written."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells in ASCII."""
        return [Segment(text.translate(_TABLE), style, control) for text, style, control in segments]
