"""Tensor cards: name, shape, dtype, operator; values at the left, the gradient beside them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import fit, safe, spread, wrap
from ptlearn_tui.tui.theme import BAD, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.panel import PanelBody

if TYPE_CHECKING:
    from ptlearn_tui.events import Tensor
    from ptlearn_tui.tui.record import Record

MOST_CARDS = 60
MOST_ROWS, MOST_COLUMNS = 6, 6


def shape_words(shape: list[int]) -> str:
    """As PyTorch prints a size: (2, 2), (5,), ()."""
    return f"({shape[0]},)" if len(shape) == 1 else "(" + ", ".join(map(str, shape)) + ")"


def number(value: Any, decimals: int = 4) -> str:
    """A value in as few characters as it needs: 2.25, 27.0, 1.2e+05, nan, True."""
    if isinstance(value, float):
        return f"{value:.{decimals}f}" if value == 0 or 0.001 <= abs(value) < 1000 else f"{value:.2e}"
    return safe(str(value))


def decimals_for(values: list[Any]) -> int:
    """As many as show the values as they are, from one to four."""
    floats = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    return next((n for n in (1, 2, 3) if all(abs(round(x, n) - x) < 1e-6 * max(1, abs(x)) for x in floats)), 4)


def grid(values: Any) -> list[list[str]]:
    """Rows of numbers: a vector is one row, of higher ranks the leading slice is shown."""
    while isinstance(values, list) and values and isinstance(values[0], list) and values[0]:
        if not isinstance(values[0][0], list):
            break
        values = values[0]
    if values is None or values == []:
        return []
    rows = values if isinstance(values, list) and isinstance(values[0], list) else [values]
    rows = [row if isinstance(row, list) else [row] for row in rows]
    shown = [row[:MOST_COLUMNS] for row in rows[:MOST_ROWS]]
    decimals = decimals_for([value for row in shown for value in row])
    return [[number(value, decimals) for value in row] for row in shown]


def block(values: Any) -> list[str]:
    """The grid as aligned lines."""
    rows = grid(values)
    size = max((len(text) for row in rows for text in row), default=0)
    return ["  ".join(text.rjust(size) for text in row) for row in rows]


class TensorBody(PanelBody):
    """The cards of one cell, in the order in which they were made."""

    def empty(self) -> str:
        """How tensors come here."""
        return t("No tensors yet. Run the cell with enter: each tensor that it makes gets a card here.")

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """A card each."""
        lines: list[Content] = []
        cards = list(record.cards.values())
        name_width = min(max((cell_len(card.name) for card in cards), default=0), 16) + 2
        owners: dict[int, list[str]] = {}
        for card in cards:
            if card.storage is not None and card.name not in owners.setdefault(card.storage, []):
                owners[card.storage].append(card.name)
        widths = [max(map(len, block(card.values)), default=0) for card in cards if card.shape]
        values_width = min(max(widths, default=0), 24)  # gradients stand in one column
        for card in cards[-MOST_CARDS:]:
            if lines:
                lines.append(Content())
            sharing = [name for name in owners.get(card.storage or -1, []) if name != card.name]
            lines += self._card(card, (name_width, values_width), width, record, sharing)
        if len(cards) > MOST_CARDS:
            more = t("{n} earlier cards left out", n=len(cards) - MOST_CARDS)
            lines.insert(0, Content.styled("   " + more, MUTED))
        return lines

    @staticmethod
    def _card(card: Tensor, columns: tuple[int, int], width: int, record: Record, sharing: list[str]) -> list[Content]:
        name_width, values_width = columns
        shape = shape_words(card.shape)
        words = card.operator or ("leaf" if card.requires_grad and card.is_leaf else "")
        style = GOOD if words == "leaf" else ""
        rows = block(card.values)
        alone = len(rows) == 1 and not card.shape
        head = Content.assemble(
            "   ",
            (fit(safe(card.name), name_width), STRONG),
            fit(shape, max(9, cell_len(shape) + 2)),
            (card.dtype + "  ", MUTED),
            (words, style),
            *([("  " + rows[0], STRONG)] if alone and rows else []),
            *([("  " + card.device, MUTED)] if card.device != "cpu" else []),
        )
        lines = [spread(head, Content.styled(t("line {n}", n=card.line) + "  ", MUTED), width)]
        left = [] if alone else rows
        if card.numel == 0:
            left = [t("no elements")]
        gradient: list[Content] = []
        if card.grad is not None:
            fresh = card.name in record.fresh_grads
            for index, row in enumerate(block(card.grad.values)):
                gradient.append(
                    Content.assemble(
                        (".grad  " if index == 0 else "       ", MUTED),
                        row,
                        ("    " + t("new"), WARN) if fresh and index == 0 else "",
                    )
                )
        elif card.requires_grad and card.grad_why and not alone:
            gradient = [Content.assemble((".grad  ", MUTED), (_why(card.grad_why), MUTED))]
        indent = 3 + name_width
        left_width = max([cell_len(row) for row in left] + [values_width])
        side = indent + left_width + 4 + max((line.cell_length for line in gradient), default=0) <= width
        if side:
            for index in range(max(len(left), len(gradient))):
                row = left[index] if index < len(left) else ""
                beside = gradient[index] if index < len(gradient) else Content()
                lines.append(Content.assemble(" " * indent, fit(row, left_width + 4), beside))
        else:
            lines += [Content.assemble(" " * indent, row) for row in left]
            lines += [Content.assemble(" " * indent, line) for line in gradient]
        for more in _more(card, rows, sharing):
            lines += [Content.assemble(" " * indent, line) for line in wrap(more, max(width - indent - 2, 20))]
        return lines


def _more(card: Tensor, rows: list[str], sharing: list[str]) -> list[Content]:
    """What the values shown don't tell: their spread where not all are shown, odd ones, shared memory."""
    shown = sum(len(row.split()) for row in rows)
    lines: list[Content] = []
    if card.numel > shown and card.mean is not None:
        sample = t("of a sample") if card.sampled else ""
        spread_ = f"{number(_real(card.min))} … {number(_real(card.max))}   mean {number(_real(card.mean))}"
        if card.std is not None:
            spread_ += f"   std {number(_real(card.std))}"
        lines.append(Content.styled(f"{spread_}   {sample}".rstrip(), MUTED))
    if card.nan or card.inf:
        lines.append(Content.styled(f"{card.nan} nan   {card.inf} inf", BAD))
    if sharing:
        lines.append(Content.styled(t("shares memory with {names}", names=", ".join(sharing[:4])), WARN))
    return lines


def _real(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value


def _why(reason: str) -> str:
    return t("none: {why}", why=t(reason))
