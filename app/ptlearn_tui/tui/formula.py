"""Formulas in two dimensions: fractions, matrices, superscripts, in Unicode."""

from __future__ import annotations

import re
from functools import lru_cache

from ptlearn_tui.plain import safe

# TeX sets relations and binary operators off from what stands around them; the drawer does not.
_RELATION = re.compile(r"\s*(=|\\(?:approx|cdot|leftarrow|to)(?![a-zA-Z]))\s*")
_BINARY = re.compile(r"(?<=[\w})\]])\s*([+-])\s*(?=[\w\\({])")
_SCRIPT = re.compile(r"([\^_]\{[^{}]*\})")  # small already: no room in it


def _spaced(tex: str) -> str:
    """TeX's own spacing, said aloud."""
    pieces = _SCRIPT.split(tex.strip())
    pieces[::2] = [_BINARY.sub(r" \\; \1 \\; ", _RELATION.sub(r" \\; \1 \\; ", piece)) for piece in pieces[::2]]
    return "".join(pieces)


class FormulaError(ValueError):
    """A formula that can't be drawn; the message is the drawer's own."""


@lru_cache(maxsize=512)
def rows(tex: str) -> tuple[str, ...]:
    """The lines of the drawn formula, equally wide. Raises `FormulaError`."""
    from texicode.pipeline import render_tex

    try:
        drawn = render_tex(_spaced(tex), False, False, "raw", {"fonts": "normal"})
    except Exception as error:  # its parser raises IndexError, KeyError and the like for what it does not know
        raise FormulaError(f"{type(error).__name__}: {error}") from error
    if drawn.startswith("TeXicode:"):
        raise FormulaError(drawn)
    lines = drawn.split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return tuple(line[indent:].rstrip() for line in lines)


def in_line(tex: str) -> str | None:
    """A formula that fits in one line of text, or None."""
    try:
        drawn = rows(tex)
    except FormulaError:
        return tex
    return drawn[0].strip() if len(drawn) == 1 else None


def block(tex: str) -> tuple[str, ...]:
    """A displayed formula; its source where it can't be drawn, so that nothing is lost."""
    try:
        drawn = rows(tex)
    except FormulaError:
        drawn = tuple(tex.strip().split("\n"))
    return tuple(map(safe, drawn))
