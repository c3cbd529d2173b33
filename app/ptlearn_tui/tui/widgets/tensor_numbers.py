"""A tensor's numbers as text: its shape, its values in aligned rows, a size in bytes."""

from __future__ import annotations

import math
from typing import Any

from ptlearn_tui.plain import safe

MOST_ROWS, MOST_COLUMNS = 6, 6


def shape_words(shape: list[int]) -> str:
    """As PyTorch prints a size: (2, 2), (5,), (). A size that is not one number is a question mark."""
    sizes = ["?" if size < 0 else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else "(" + ", ".join(sizes) + ")"


def number(value: Any, decimals: int = 4) -> str:
    """A value in as few characters as it needs: 2.25, 27.0, 1.2e+05, nan, True."""
    if isinstance(value, float):
        return f"{value:.{decimals}f}" if value == 0 or 0.001 <= abs(value) < 1000 else f"{value:.2e}"
    if isinstance(value, str) and value.endswith("j)"):
        try:
            return f"{complex(value):.3g}"
        except ValueError:
            pass
    return safe(str(value))


def short(value: Any) -> str:
    """A statistic in some four characters: 0.12, 3.35, 1.2e+05, 12."""
    value = real(value)
    if not isinstance(value, float) or not math.isfinite(value):
        text = str(value)
        return text if len(text) <= 7 else f"{value:.2e}"
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.2f}"
    if 0.001 <= abs(value) < 1:
        return f"{value:.3f}"
    return f"{value:.0f}" if 1 <= abs(value) < 1e5 else f"{value:.1e}"


def real(value: Any) -> Any:
    """A number as it came over the wire, as a number."""
    return float(value) if isinstance(value, str) else value


def decimals_for(values: list[Any]) -> int:
    """As many as show the values as they are, from one to four."""
    floats = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    return next((n for n in (1, 2, 3) if all(abs(round(x, n) - x) < 1e-6 * max(1, abs(x)) for x in floats)), 4)


def matrix(values: Any) -> list[list[Any]]:
    """Rows of values: a vector is one row, of higher ranks it is the leading slice."""
    while isinstance(values, list) and values and isinstance(values[0], list) and values[0]:
        if not isinstance(values[0][0], list):
            break
        values = values[0]
    if values is None or values == []:
        return []
    rows = values if isinstance(values, list) and isinstance(values[0], list) else [values]
    return [row if isinstance(row, list) else [row] for row in rows]


def grid(values: Any) -> list[list[str]]:
    """The first rows and columns, as text."""
    shown = [row[:MOST_COLUMNS] for row in matrix(values)[:MOST_ROWS]]
    decimals = decimals_for([value for row in shown for value in row])
    return [[number(value, decimals) for value in row] for row in shown]


def block(values: Any, room: int = 200) -> list[str]:
    """The grid as aligned lines, of as many columns as there is room for."""
    rows = grid(values)
    size = max((len(text) for row in rows for text in row), default=0)
    fitting = max(1, (room + 2) // (size + 2))
    return ["  ".join(text.rjust(size) for text in row[:fitting]) for row in rows]


def in_full(values: Any, width: int, columns: int) -> list[str]:
    """All rows that are there, each after its number, aligned over all of them; a vector is folded.

    `columns`: of the tensor. Where some of them don't fit, or are not there, a row ends with an ellipsis.
    """
    rows = matrix(values)
    if not rows:
        return []
    flat = [value for row in rows for value in row]
    decimals = decimals_for(flat[:4_096])
    texts = [[_in_column(value, decimals) for value in row] for row in rows]
    size = max(len(text) for row in texts for text in row) + 2
    vector = len(texts) == 1
    label = len(str(len(flat) if vector else len(rows)))
    fitting = max(1, (width - label - 3) // size)
    if vector:
        fitting = max(1, fitting // 5 * 5 if fitting > 5 else fitting)
        row = texts[0]
        texts = [row[start : start + fitting] for start in range(0, len(row), fitting)]
    lines = []
    for index, row in enumerate(texts):
        at = index * fitting if vector else index
        more = " …" if not vector and (len(row) > fitting or len(row) < columns) else ""
        lines.append(f"{at:>{label}} " + "".join(text.rjust(size) for text in row[:fitting]) + more)
    return lines


def _in_column(value: Any, decimals: int) -> str:
    """As `number`, but large ones keep their digits: here they are asked for."""
    if isinstance(value, float) and 10.0**-decimals <= abs(value) < 1e6:
        return f"{value:.{decimals}f}"
    return number(value, decimals)


def size_words(size: int) -> str:
    """`48 bytes`, `12 KB`, `400 MB`: of tensors, in powers of ten."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}" if size < 1000 * factor else f"{size / factor:.0f} {unit}"
    return f"{size} B"
