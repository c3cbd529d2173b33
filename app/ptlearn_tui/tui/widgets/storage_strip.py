"""Which elements of one storage each tensor reads, and in which order: why a change of one shows in the other."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import fit, thousands
from ptlearn_tui.tui.theme import ACCENT, FAINT, MUTED, STRONG
from ptlearn_tui.tui.widgets.tensor_numbers import size_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptlearn_tui.events import Reads

MOST_RUNS = 1_024  # pieces in a row that are told apart; beyond, a strip says "some of these"
COUNTED = 4_096  # elements up to which repeated ones are counted exactly
ALL, SOME, NONE = "━", "─", "·"


def positions(reads: Reads) -> Iterator[int]:
    """The elements of the storage that a tensor reads, one by one, in its own order."""
    index = [0] * len(reads.shape)
    at = reads.offset
    if 0 in reads.shape:
        return
    while True:
        yield at
        for dim in reversed(range(len(index))):
            index[dim] += 1
            at += reads.stride[dim]
            if index[dim] < reads.shape[dim]:
                break
            at -= index[dim] * reads.stride[dim]
            index[dim] = 0
        else:
            return


def runs(reads: Reads) -> list[tuple[int, int, bool]]:
    """What it reads, as (begin, end, whether all in between): joined along dimensions that lie close together."""
    if 0 in reads.shape:
        return []
    length, whole = 1, True
    pairs = zip(reads.shape, reads.stride, strict=True)
    dims = sorted(((size, step) for size, step in pairs if size > 1 and step), key=lambda each: each[1])
    while dims and (dims[0][1] <= length or math.prod(size for size, _ in dims) > MOST_RUNS):
        size, step = dims.pop(0)
        whole = whole and step <= length
        length += (size - 1) * step
    starts = [reads.offset]
    for size, step in dims:
        starts = [start + index * step for start in starts for index in range(size)]
    return [(start, start + length, whole) for start in sorted(starts)]


def marks(reads: Reads, cells: int, columns: int, unit: int) -> str:
    """A mark for each of `columns` pieces of a storage of `cells` elements of `unit` bytes: all, some or none read."""
    factor = reads.itemsize // unit
    each = -(-cells // columns)
    count = -(-cells // each)
    covered, touched = [0] * count, [False] * count
    reached = 0
    for begin, end, whole in runs(reads):
        low, high = max(0, begin * factor), min(cells, end * factor)
        for column in range(low // each, -(-high // each)):
            left, right = max(low, column * each), min(high, (column + 1) * each)
            touched[column] |= right > left
            if whole:
                covered[column] += max(0, right - max(left, reached))
        if whole:
            reached = max(reached, high)
    sizes = [min(cells, (column + 1) * each) - column * each for column in range(count)]
    return "".join(
        ALL if covered[column] >= sizes[column] else SOME if touched[column] else NONE for column in range(count)
    )


def order_words(reads: Reads, width: int) -> str:
    """The positions that it reads, in its order, as many as fit; and how often, where some are read again."""
    numel = math.prod(reads.shape)
    if not numel:
        return t("no elements")
    first = list(islice(positions(reads), 40))
    text = " ".join(map(str, first))
    if len(text) > width or numel > len(first):
        while first and len(" ".join(map(str, first))) > width - 2:
            first.pop()
        text = " ".join(map(str, first)) + " …"
    return text


def repeated(reads: Reads) -> str:
    """In words, where the same elements are read again and again: `expand`, overlapping windows."""
    numel = math.prod(reads.shape)
    times = math.prod(size for size, step in zip(reads.shape, reads.stride, strict=True) if not step)
    if times > 1:
        return t("the same {n} read {times} times", n=thousands(numel // times), times=thousands(times))
    if 1 < numel <= COUNTED and (distinct := len(set(positions(reads)))) < numel:
        return t("{n} elements from {places} places", n=numel, places=distinct)
    return ""


def strip_lines(size: int, readers: list[Reads], width: int) -> list[Content]:
    """The storage (its bytes) as a row, and below it what each tensor reads."""
    unit = min(each.itemsize for each in readers)
    cells = size // max(unit, 1)
    if not cells:
        return []
    names = min(max(len(safe(each.name)) for each in readers), 14) + 2
    columns = max(8, min(cells, 32 if width >= 64 else 24, width - names - 10))
    each = -(-cells // columns)
    columns = -(-cells // each)
    beside = width - names - columns - 3
    scale = t("{n} elements", n=thousands(cells)) + ", " + size_words(size)
    if each > 1:
        scale += ", " + t("{n} a mark", n=thousands(each))
    lines = [
        Content.assemble(" " * names, (_ruler(cells, each, columns), FAINT), "   ", (t("reads"), MUTED)),
    ]
    for reads in readers:
        order, again = order_words(reads, max(beside, 12)), repeated(reads)
        line = Content.assemble((fit(safe(reads.name), names), STRONG))
        for mark in marks(reads, cells, columns, unit):
            line += Content.styled(mark, FAINT if mark == NONE else ACCENT)
        if beside >= 12:
            line += Content.assemble("   ", order)
            lines.append(line)
        else:
            lines += [line, Content.assemble(" " * names, order)]
        if again:
            lines.append(Content.assemble(" " * names, (again, MUTED)))
    lines.append(Content.assemble(" " * names, (scale, MUTED)))
    return lines


def _ruler(cells: int, each: int, columns: int) -> str:
    """Positions above the row: every fifth where a mark is an element, else the first and the last."""
    if each > 1 or cells < 3:
        last = str(cells - 1)
        return "0" + " " * max(1, columns - 1 - len(last)) + last if cells > 1 else "0"
    text = [" "] * columns
    for at in [*range(0, cells, 5)]:
        label = str(at)
        if at + len(label) <= columns:
            text[at : at + len(label)] = label
    return "".join(text)
