"""Curves: reduced truly, drawn at any size, with any values."""

from __future__ import annotations

import math
import threading

from hypothesis import given
from hypothesis import strategies as st

from ptlearn_tui.tui.widgets.plot import Figure, Series, draw, reduce

FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=32)


def series(values: list[float], most: int = 4_000) -> Series:
    made = Series(most)
    for step, value in enumerate(values, 1):
        made.add(step, value)
    return made


@given(st.lists(FLOATS, min_size=1, max_size=200), st.integers(16, 120), st.integers(4, 40), st.booleans())
def test_any_values_draw_within_the_size(values: list[float], width: int, height: int, log: bool) -> None:
    lines = draw(Figure((series(values),), log=log), width, height)
    assert len(lines) <= height
    assert all(line.cell_length <= width for line in lines)
    if any(math.isfinite(value) for value in values):
        assert lines


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_columns_hold_the_spread_and_the_mean_of_their_points(values: list[float]) -> None:
    columns = reduce(series(values), 10, 1, len(values) + 1)
    assert min(columns.low) == min(values)
    assert max(columns.high) == max(values)
    assert all(
        low - 1e-6 <= mean <= high + 1e-6
        for low, mean, high in zip(columns.low, columns.mean, columns.high, strict=True)
    )


@given(st.lists(st.floats(-1e3, 1e3), min_size=30, max_size=500))
def test_a_long_curve_is_compacted_without_losing_an_extreme(values: list[float]) -> None:
    short = series(values, most=16)
    assert len(short) <= 16
    assert min(short.low) == min(values)
    assert max(short.high) == max(values)
    assert sum(short.count) == len(values)
    assert math.isclose(sum(short.total), sum(values), abs_tol=1e-6)


def test_a_resumed_run_takes_the_place_of_what_it_repeats() -> None:
    curve = series([5.0, 4.0, 3.0, 9.0, 9.0])
    curve.add(3, 2.0)
    assert curve.xs == [1, 2, 3]
    assert curve.low == [5.0, 4.0, 2.0]


def test_what_is_not_a_number_is_counted_not_drawn() -> None:
    curve = series([1.0, math.nan, math.inf, 2.0])
    assert (len(curve), curve.strange) == (2, 2)


def test_four_threads_draw_four_true_figures() -> None:
    """plotext's figure is global: without the lock, threads draw into each other's."""
    figures = [Figure((series([float(level)] * 5 + [level + 1.0]),)) for level in (1, 10, 100, 500)]
    alone = [[line.plain for line in draw(figure, 60, 12)] for figure in figures]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(10):
            if [line.plain for line in draw(figures[index], 60, 12)] != alone[index]:
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_ln_ten_is_a_tick_where_it_is_asked_for() -> None:
    lines = [line.plain for line in draw(Figure((series([2.4, 1.0, 0.1]),), log=True, y_ticks=(math.log(10),)), 60, 16)]
    assert any("2.30┤" in line for line in lines)


def test_every_tick_has_its_own_label_in_a_short_run() -> None:
    """Step 1 is a column right of 0 where a run has fewer steps than the plot has columns."""
    figure = Figure(
        (series([2.0, 1.0, 0.5, 0.4]),), x_end=4.0, x_ticks=((0.0, "0"), (2.0, "epoch 1"), (4.0, "epoch 2"))
    )
    *_, axis, labels = [line.plain for line in draw(figure, 60, 12)]
    first, middle, _ = (at for at, mark in enumerate(axis) if mark == "┬")
    assert labels.index("0") == first
    assert labels.index("epoch 1") < middle < labels.index("epoch 2")
