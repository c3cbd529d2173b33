"""One tensor's card in the panel: what it is, its values or how they look, its gradient, whom it shares memory with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.events import Reads
from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import fit, spread, thousands, wrap
from ptlearn_tui.tui.theme import ACCENT, BAD, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.storage_strip import repeated, strip_lines
from ptlearn_tui.tui.widgets.tensor_numbers import (
    MOST_COLUMNS,
    MOST_ROWS,
    block,
    matrix,
    real,
    shape_words,
    short,
    size_words,
)
from ptlearn_tui.tui.widgets.tensor_pictures import bars, heat_lines, picture_lines

if TYPE_CHECKING:
    from ptlearn_tui.events import Tensor, Was

MARGIN = 3  # cells left of a card: the bar, and space


class Look(NamedTuple):
    """How the cards of one panel are laid out."""

    width: int
    names: int  # cells of the column of names
    values: int  # of the values, so that gradients stand in one column
    rich: bool  # the terminal has shades

    @property
    def indent(self) -> int:
        """Where what stands below a name begins."""
        return MARGIN + self.names

    @property
    def room(self) -> int:
        """Cells for that."""
        return max(self.width - self.indent - 2, 20)


class Partners(NamedTuple):
    """Whom a card shares memory with, as its panel tells it."""

    names: list[str]
    readers: list[Reads]  # those that the strip below this card shows, itself the last; empty for no strip


def reads_of(card: Tensor) -> Reads | None:
    """Which elements of its storage it reads; None where there is no such thing."""
    if card.stride is None or card.offset is None or not card.bytes or any(step < 0 for step in card.stride):
        return None
    return Reads(
        name=card.name,
        dtype=card.dtype,
        shape=card.shape,
        stride=card.stride,
        offset=card.offset,
        itemsize=card.bytes // card.numel,
    )


def all_shown(card: Tensor) -> bool:
    """Whether its grid of numbers is all of it."""
    return sum(len(row[:MOST_COLUMNS]) for row in matrix(card.values)[:MOST_ROWS]) == card.numel


def card_lines(card: Tensor, look: Look, partners: Partners, *, fresh: bool) -> list[Content]:
    """The whole card. `fresh`: the last backward() moved its gradient."""
    rows = block(card.values, look.room - 3)
    alone = len(rows) == 1 and not card.shape
    lines = head(card, look, rows[0] if alone else "")
    left = [] if alone else _looks(card, rows, look)
    gradient = _gradient(card, fresh=fresh, alone=alone)
    left_width = max([line.cell_length for line in left] + [look.values])
    if look.indent + left_width + 4 + max((line.cell_length for line in gradient), default=0) <= look.width:
        for index in range(max(len(left), len(gradient))):
            begin = left[index] if index < len(left) else Content()
            beside = gradient[index] if index < len(gradient) else Content()
            gap = " " * (left_width + 4 - begin.cell_length) if beside else ""
            lines.append(Content.assemble(" " * look.indent, begin, gap, beside))
    else:
        lines += [Content.assemble(" " * look.indent, line) for line in [*left, *gradient]]
    for more in _more(card, partners):
        lines += [Content.assemble(" " * look.indent, line) for line in wrap(more, look.room)]
    if partners.readers and card.storage_bytes:
        indent = MARGIN + 2
        for line in strip_lines(card.storage_bytes, partners.readers, look.width - indent - 2):
            lines.append(Content.assemble(" " * indent, line))
    return lines


def head(card: Tensor, look: Look, value: str = "") -> list[Content]:
    """Name, shape, dtype, what made it, device; at the right its line. A long shape takes a line for itself."""
    shape = shape_words(card.shape)
    words = card.operator or ("leaf" if card.requires_grad and card.is_leaf else "")
    kind = "NumPy" if card.kind == "array" else "" if card.kind in ("tensor", "parameter") else safe(card.kind)
    line = Content.styled((t("line {n}", n=card.line) if card.line else "") + "  ", MUTED)
    begin = Content.assemble(
        " " * MARGIN,
        (fit(safe(card.name), look.names), STRONG),
        fit(shape, max(9, cell_len(shape) + 2)),
    )
    rest = Content.assemble(
        (card.dtype + "  ", MUTED),
        (words, GOOD if words == "leaf" else ""),
        *([(kind, MUTED)] if kind else []),
        *([("  " + value, STRONG)] if value else []),
        *([("  " + card.device, MUTED)] if card.device not in ("cpu", "") else []),
    ).rstrip()
    if begin.cell_length + rest.cell_length + line.cell_length < look.width:
        return [spread(Content.assemble(begin, rest), line, look.width)]
    return [spread(begin, line, look.width), Content.assemble(" " * look.indent, rest)]


def spread_line(card: Tensor, room: int) -> Content:
    """Least, histogram, largest, mean and std of the finite values; all equal, it says so."""
    if card.min is None or card.max is None:
        return Content()
    if card.min == card.max:
        return Content.styled(t("all {value}", value=least(card)), MUTED)
    low, high = least(card), largest(card)
    parts: list[tuple[str, str]] = [(low + " ", "")]
    words = f"   {t('mean')} {short(card.mean)}" if card.mean is not None else ""
    std = f"   std {short(card.std)}" if card.std is not None else ""
    least_bars = min(8, len(card.histogram))
    left = room - len(low) - len(high) - 2 - cell_len(words)
    if left - len(std) >= least_bars:
        words, left = words + std, left - len(std)
    if card.histogram:
        # 24 bins in 24, 12 or 8 cells.
        width = next((each for each in (24, 12, 8) if each <= left), 8)
        parts += [(bars(card.histogram, width), ACCENT), (" " + high, "")]
    else:
        parts += [("… " + high, "")]
    return Content.assemble(*parts, (words, MUTED))


def least(card: Tensor) -> str:
    """The least value of the sample."""
    return _in_its_type(card, card.min)


def largest(card: Tensor) -> str:
    """The largest value of the sample."""
    return _in_its_type(card, card.max)


def _in_its_type(card: Tensor, value: Any) -> str:
    value = real(value)
    if card.dtype == "bool":
        return str(bool(value))
    if "int" in card.dtype:
        return short(int(value))
    wide = max(abs(real(card.min)), abs(real(card.max))) >= 0.1  # then two decimals are enough for the other end
    return f"{value:.2f}" if wide and abs(value) < 0.01 else short(value)


def odd_words(card: Tensor) -> Content:
    """How many are not finite; nothing where all are."""
    if not card.nan and not card.inf:
        return Content()
    return Content.styled(f"{thousands(card.nan)} NaN   {thousands(card.inf)} inf", BAD)


def short_words(card: Tensor) -> str:
    """Why there is nothing to be seen, of a kind that has no values or that is not looked into."""
    if card.kind == "UninitializedParameter":
        return t("it gets its shape with the first forward")
    if card.device == "meta":
        return t("meta: a shape without values")
    if card.stored is not None:
        part = t("{n} of {total} elements stored", n=thousands(card.stored), total=thousands(card.numel))
        return f"{card.layout}   {part}"
    if card.numel == 0:
        return t("no elements")
    if card.values is None:
        return t("its values are not looked into")
    return ""


def image_words(card: Tensor) -> str:
    """What a picture is of: always a guess."""
    image = card.image
    if image is None:
        return ""
    words = t("a picture? {height}×{width}", height=image.height, width=image.width)
    if image.index:
        words += ", " + t("the first of {n}", n=thousands(card.shape[0]))
    if image.low is not None:
        words += ", " + t("stretched from {low} … {high}", low=short(image.low), high=short(image.high))
    return words


def was_words(was: Was, card: Tensor) -> list[tuple[str, str]]:
    """What has changed since the cell before, old and new."""
    parts = [(t("changed"), WARN)]
    if was.how == "uncounted":
        parts = [(t("changed in place, unseen by autograd"), WARN)]
    elif was.how == "in place":
        parts = [(t("changed in place"), WARN)]
    pairs = []
    if was.shape != card.shape:
        pairs.append(f"{shape_words(was.shape)} → {shape_words(card.shape)}")
    if was.dtype != card.dtype:
        pairs.append(f"{was.dtype} → {card.dtype}")
    values = matrix(card.values)
    if not pairs and was.value is not None and card.numel == 1 and values:
        pairs.append(f"{short(was.value)} → {short(values[0][0])}")
    elif was.mean is not None and card.mean is not None and short(was.mean) != short(card.mean):
        pairs.append(f"{t('mean')} {short(was.mean)} → {short(card.mean)}")
    return parts + [("   " + pair, "") for pair in pairs]


def _looks(card: Tensor, rows: list[str], look: Look) -> list[Content]:
    """Small: its numbers. Larger: their spread, and a picture of them."""
    words = short_words(card)
    if words and not rows:
        return [Content.styled(words, MUTED)]
    lines = [Content.styled(words, MUTED)] if words else []
    if all_shown(card) or (card.min is None and not card.nan and not card.inf):
        more = " …" if not all_shown(card) else ""
        return lines + [Content(row + more) for row in rows]
    if len(card.shape) == 1:
        lines.append(Content(rows[0] + "  …"))
    spread_ = spread_line(card, look.room)
    if spread_:
        lines.append(spread_)
    if card.image is not None:
        lines += picture_lines(card.image, rich=look.rich, small=True)
        lines += wrap(Content.styled(image_words(card), MUTED), look.room)
    elif card.heat is not None and card.min is not None and card.max is not None:
        lines += heat_lines(card.heat, real(card.min), real(card.max), rich=look.rich, most=4)
    return lines


def _gradient(card: Tensor, *, fresh: bool, alone: bool) -> list[Content]:
    if card.grad is None:
        if card.requires_grad and card.grad_why and not alone:
            return [Content.assemble((".grad  ", MUTED), (why_words(card.grad_why), MUTED))]
        return []
    new = "    " + t("new") if fresh else ""
    rows = block(card.grad.values)
    small = all_shown(card) and rows
    if not small:
        return [Content.assemble((".grad  ", MUTED), norm_words(card), (new, WARN))]
    return [
        Content.assemble((".grad  " if index == 0 else "       ", MUTED), row, (new if index == 0 else "", WARN))
        for index, row in enumerate(rows)
    ]


def norm_words(card: Tensor) -> str:
    """The length of its gradient: exact, or estimated from a sample."""
    if card.grad is None or card.grad.norm is None:
        return ""
    return f"{t('norm')} {'≈ ' if card.grad.norm_sampled else ''}{short(card.grad.norm)}"


def why_words(reason: str) -> str:
    """Why there is no gradient."""
    return t("none: {why}", why=t("cleared") if reason == "cleared" else t(reason))


def _more(card: Tensor, partners: Partners) -> list[Content]:
    """What the values shown don't tell: odd ones, what it was before, shared memory."""
    lines: list[Content] = []
    odd = odd_words(card)
    if odd:
        lines.append(odd)
    if card.sampled:
        lines.append(Content.styled(f"{size_words(card.bytes or 0)}   {t('statistics of a sample')}", MUTED))
    own = reads_of(card)
    again = repeated(own) if own is not None and not partners.readers else ""
    if again:
        lines.append(Content.styled(again, MUTED))
    if card.was is not None:
        lines.append(Content.assemble(*was_words(card.was, card)))
    if partners.names:
        names = ", ".join(safe(name) for name in partners.names[:4]) + (" …" if len(partners.names) > 4 else "")
        lines.append(Content.styled(t("shares storage {n} with {names}", n=card.storage, names=names), WARN))
    return lines
