"""Cards that belong together: members of a module, a list or a dict; tensors on one storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import fit, spread, thousands
from ptlearn_tui.tui.theme import ACCENT, BAD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.tensor_card import (
    MARGIN,
    Look,
    Partners,
    all_shown,
    largest,
    least,
    norm_words,
    odd_words,
    reads_of,
    short_words,
)
from ptlearn_tui.tui.widgets.tensor_numbers import block, shape_words, size_words
from ptlearn_tui.tui.widgets.tensor_pictures import bars

if TYPE_CHECKING:
    from ptlearn_tui.events import Group, Reads, Tensor

Key: TypeAlias = tuple[str, int]  # a card's name and line

MOST_READERS = 6  # tensors that one strip shows


def group_line(group: Group, line: int, look: Look) -> Content:
    """What they are found in, as much of it as fits."""
    right = Content.styled((t("line {n}", n=line) if line else "") + "  ", MUTED)
    left = Content.assemble(" " * MARGIN, (safe(group.name), STRONG), "  ", safe(group.kind))
    words = [t("{n} tensors", n=thousands(group.tensors)) if group.tensors != 1 else t("1 tensor")]
    if group.numel:
        words += [t("{n} values", n=thousands(group.numel)), size_words(group.bytes)]
    return spread(_as_fits(left, [(" " * 3 + each, MUTED) for each in words], look.width, right), right, look.width)


def member_line(card: Tensor, look: Look, names: int, shapes: int, *, fresh: bool) -> Content:
    """A member in a line: its name there, shape, values or their spread, its gradient's length."""
    name = card.name[len(card.group.name) :].removeprefix(".") if card.group is not None else card.name
    right = Content("  ")
    if card.grad is not None:
        length = norm_words(card).partition(" ")[2]
        right = Content.assemble((".grad ", MUTED), length, ("  " + t("new") if fresh else "", WARN), "  ")
    left = Content.assemble(" " * (MARGIN + 2), (fit(safe(name), names), STRONG), fit(shape_words(card.shape), shapes))
    narrow = 6 if look.width < 64 else 8
    rows = block(card.values)
    parts: list[tuple[str, str]] = []
    if len(rows) == 1 and card.numel <= 3 and all_shown(card):
        parts.append((rows[0].ljust(narrow), ""))
    elif card.histogram:
        parts.append((fit(bars(card.histogram, narrow), narrow), ACCENT))
    elif card.min is not None:
        parts.append((t("all {value}", value=least(card)), ""))
    else:
        parts.append((short_words(card), MUTED))
    if card.nan or card.inf:
        parts.append(("  " + odd_words(card).plain, BAD))
    if card.was is not None:
        parts.append(("  " + t("changed"), WARN))
    if card.histogram and card.numel > 3:
        parts.append((f"  {least(card)} … {largest(card)}", ""))
    if card.dtype != "float32" and card.kind != "parameter":
        parts.append(("  " + card.dtype, MUTED))
    return spread(_as_fits(left, parts, look.width, right), right, look.width)


def _as_fits(left: Content, parts: list[tuple[str, str]], width: int, right: Content) -> Content:
    """`left` and as many of the parts as there is room for before `right`."""
    for part in parts:
        longer = Content.assemble(left, part)
        if longer.cell_length + right.cell_length + 2 <= width:
            left = longer
    return left


def member_columns(cards: list[Tensor]) -> tuple[int, int]:
    """The columns of a group's names and shapes."""
    names = [cell_len(safe(card.name[len(card.group.name) :].removeprefix("."))) for card in cards if card.group]
    shapes = [cell_len(shape_words(card.shape)) for card in cards]
    return min(max(names, default=0), 16) + 2, min(max(shapes, default=0), 16) + 2


def partners_of(cards: dict[Key, Tensor]) -> dict[Key, Partners]:
    """Who shares memory with whom: among these cards, and as each was told when it was made.

    The strip stands once for a storage, below the newest of its tensors.
    """
    found: dict[Key, Partners] = {}
    groups: dict[int, list[Key]] = {}
    for key, card in cards.items():
        if card.storage is not None:
            groups.setdefault(card.storage, []).append(key)
    for keys in groups.values():
        readers: dict[str, Reads] = {each.name: each for key in keys for each in cards[key].shared}
        for key in keys:
            own = reads_of(cards[key])
            if own is not None:
                readers.pop(own.name, None)
                readers[own.name] = own
        names = list(dict.fromkeys([*readers, *(cards[key].name for key in keys)]))
        plain = [key for key in keys if cards[key].group is None]
        for key in plain or keys:
            others = [name for name in names if name != cards[key].name]
            last = key == (plain or keys)[-1]
            strip = list(readers.values())[-MOST_READERS:] if last and others and len(readers) > 1 else []
            found[key] = Partners(others, strip)
    return found
