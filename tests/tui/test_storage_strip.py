"""The strip says which elements of a storage a tensor reads: as counting them one by one does."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptlearn_tui.events import Reads
from ptlearn_tui.tui.widgets.storage_strip import marks, order_words, positions, repeated, runs, strip_lines


def reads(shape: list[int], stride: list[int], offset: int = 0, itemsize: int = 4, name: str = "x") -> Reads:
    return Reads(name=name, dtype="float32", shape=shape, stride=stride, offset=offset, itemsize=itemsize)


@st.composite
def some(draw: st.DrawFn) -> Reads:
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    stride = [draw(st.integers(0, 9)) for _ in shape]
    return reads(shape, stride, draw(st.integers(0, 5)))


def one_by_one(each: Reads) -> list[int]:
    indices = product(*(range(size) for size in each.shape))
    return [each.offset + sum(at * step for at, step in zip(index, each.stride, strict=True)) for index in indices]


@settings(deadline=None, max_examples=300)
@given(some(), st.integers(1, 40))
def test_marks_and_order_are_those_of_the_elements_one_by_one(each: Reads, columns: int) -> None:
    places = one_by_one(each)
    assert list(positions(each)) == places
    cells = max(places, default=0) + 3
    size = -(-cells // columns)
    drawn = marks(each, cells, columns, 4)
    for column, mark in enumerate(drawn):
        here = range(column * size, min(cells, (column + 1) * size))
        read = sum(place in set(places) for place in here)
        if mark == "━":
            assert read == len(here)
        elif mark == "·":
            assert read == 0
        else:
            assert read
    if size == 1:
        assert "─" not in drawn or any(not whole for *_, whole in runs(each))


def test_the_notes_views() -> None:
    assert marks(reads([4, 6], [6, 1]), 24, 24, 4) == "━" * 24
    assert marks(reads([4, 3], [6, 2]), 24, 24, 4) == "━·" * 12
    assert marks(reads([6], [1], 6), 24, 24, 4) == "······━━━━━━············"
    assert order_words(reads([6, 4], [1, 6]), 16) == "0 6 12 18 1 7 …"
    assert repeated(reads([4, 3], [0, 1])) == "the same 3 read 4 times"
    assert repeated(reads([5, 3], [1, 1])) == "15 elements from 7 places"
    assert not repeated(reads([4, 6], [6, 1]))


def test_the_strip_of_a_huge_tensor_costs_no_more() -> None:
    huge = reads([10**4, 10**4], [2 * 10**4, 2])
    assert len(runs(huge)) <= 1_024
    assert set(marks(huge, 2 * 10**8, 24, 4)) == {"─"}
    assert marks(reads([10**4, 10**4], [1, 10**4]), 10**8, 20, 4) == "━" * 20


@pytest.mark.parametrize("width", [47, 75])
def test_lines_keep_to_their_width(width: int) -> None:
    readers = [reads([6, 4], [1, 6], name="t"), reads([2, 3], [3, 1], itemsize=8, name="as_doubles_of_it")]
    lines = strip_lines(96, readers, width)
    assert all(line.cell_length <= width for line in lines)
    assert "24 elements, 96 B" in lines[-1].plain
