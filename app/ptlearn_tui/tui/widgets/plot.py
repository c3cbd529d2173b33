"""Curves in braille: plotext draws, this lays them out for a width and gives every mark its role's colour."""

from __future__ import annotations

import math
import re
import threading
from bisect import bisect_left
from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.tui.theme import ACCENT, BAND, FAINT, GOOD, MUTED, WARN

# plotext's module functions share one figure (facts: wrong pictures from several threads): one at a time.
_figure = threading.Lock()

# The colour numbers given to plotext, and the roles that they stand for when its text is read back.
_BAND, _CURVE, _MARKS, _SECOND = 1, 2, 3, 4
_ROLES = {_BAND: BAND, _CURVE: ACCENT, _MARKS: GOOD, _SECOND: WARN}
_ESCAPE = re.compile(r"\x1b\[[\d;]*m")
_COLOURED = re.compile(r"\x1b\[38;5;(\d+)m([^\x1b]*)\x1b\[0m|\x1b\[0m|([^\x1b]+)")


class Series:
    """A curve that grows: at most `most` buckets, each with the spread and the mean of the points in it.

    Long runs stay cheap to draw: when the buckets are full, pairs of them become one. Values that are not finite
    are counted, not drawn.
    """

    def __init__(self, most: int = 4_000) -> None:
        self._most = most + most % 2
        self._per = 1  # points a bucket
        self.xs: list[float] = []  # of each bucket's first point
        self.low: list[float] = []
        self.high: list[float] = []
        self.total: list[float] = []
        self.count: list[int] = []
        self.last = math.nan  # the newest value
        self.end = 0.0  # its x
        self.strange = 0  # values that were not finite

    def __len__(self) -> int:
        return len(self.xs)

    def add(self, x: float, y: float) -> None:
        """A point. One that lies before the end takes the place of all from there on: a resumed run."""
        if x <= self.end and self.xs:
            self._forget_from(x)
        self.last, self.end = y, x
        if not math.isfinite(y):
            self.strange += 1
            return
        if self.xs and self.count[-1] < self._per:
            self.low[-1] = min(self.low[-1], y)
            self.high[-1] = max(self.high[-1], y)
            self.total[-1] += y
            self.count[-1] += 1
            return
        if len(self.xs) >= self._most:
            self._halve()
        self.xs.append(x)
        self.low.append(y)
        self.high.append(y)
        self.total.append(y)
        self.count.append(1)

    def _forget_from(self, x: float) -> None:
        at = bisect_left(self.xs, x)
        for column in (self.xs, self.low, self.high, self.total, self.count):
            del column[at:]

    def _halve(self) -> None:
        self._per *= 2
        self.xs = self.xs[::2]
        self.low = [min(pair) for pair in zip(self.low[::2], self.low[1::2], strict=True)]
        self.high = [max(pair) for pair in zip(self.high[::2], self.high[1::2], strict=True)]
        self.total = [sum(pair) for pair in zip(self.total[::2], self.total[1::2], strict=True)]
        self.count = [sum(pair) for pair in zip(self.count[::2], self.count[1::2], strict=True)]


@dataclass(frozen=True)
class Figure:
    """What one plot shows."""

    curves: tuple[Series, ...]
    marks: tuple[tuple[float, float], ...] = ()  # test scores, drawn as "o"
    log: bool = False
    x_end: float | None = None  # where the x axis ends; None: at the last point
    x_ticks: tuple[tuple[float, str], ...] = ()
    y_ticks: tuple[float, ...] = ()  # wanted besides the round ones, such as ln 10


@dataclass(frozen=True)
class Columns:
    """A series reduced to what the dots of a plot can show: per column its spread and its mean."""

    xs: list[float]
    low: list[float]
    high: list[float]
    mean: list[float]


def reduce(curve: Series, columns: int, start: float, end: float) -> Columns:
    """Minimum, maximum and mean per column; the mean is of the very points whose spread is drawn."""
    width = max((end - start) / max(columns, 1), 1e-12)
    found: dict[int, tuple[float, float, float, int]] = {}
    for x, low, high, total, count in zip(curve.xs, curve.low, curve.high, curve.total, curve.count, strict=True):
        column = min(int((x - start) / width), columns - 1)
        before = found.get(column)
        if before is not None:
            low, high = min(low, before[0]), max(high, before[1])
            total, count = total + before[2], count + before[3]
        found[column] = (low, high, total, count)
    order = sorted(found)
    return Columns(
        xs=[start + (column + 0.5) * width for column in order],
        low=[found[column][0] for column in order],
        high=[found[column][1] for column in order],
        mean=[found[column][2] / found[column][3] for column in order],
    )


def _round_ticks(low: float, high: float, rows: int, *, log: bool) -> list[float]:
    """Ticks at 1, 2 and 5 times powers of ten, about one for every three rows."""
    most = max(3, rows // 3)
    if log:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            ticks = [step * 10.0**decade for decade in decades for step in steps]
            ticks = [tick for tick in ticks if low <= tick <= high]
            if len(ticks) <= most:
                return ticks
        return ticks[:: max(1, len(ticks) // most)]
    span = max(high - low, 1e-12)
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in (1, 2, 5, 10) if factor * power >= rough), 10 * power)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, first + most + 2) if number * step <= high + 1e-9 * span]


def _label(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 1000 or abs(value) < 0.001:
        return f"{value:.0e}"
    return f"{value:.{2 if abs(value) >= 0.01 else 3}f}" if abs(value) < 100 else f"{value:.0f}"


def draw(figure: Figure, width: int, height: int) -> list[Content]:
    """The plot in exactly `height` lines of at most `width` cells; no lines where there is nothing to draw."""
    marks = [y for _, y in figure.marks if math.isfinite(y)]
    lows = [low for curve in figure.curves for low in curve.low] + marks
    log = figure.log and bool(lows) and min(lows) > 0
    if not lows or width < 16 or height < 4:
        return []
    low, high = min(lows), max([high for curve in figure.curves for high in curve.high] + marks)
    if high - low <= 1e-6 * max(abs(low), abs(high)):  # a flat curve lies in the middle
        low, high = (low / 1.5, high * 1.5) if log else (low - 0.5 - abs(low) / 2, high + 0.5 + abs(high) / 2)
    high = max([high, *(tick for tick in figure.y_ticks if tick < 1.3 * high)])
    scale = math.log10 if log else float
    ticks = sorted({*_round_ticks(low, high, height - 2, log=log)})
    for wanted in figure.y_ticks:
        if low <= wanted <= high:
            room = (scale(high) - scale(low)) / max(height - 2, 1)
            ticks = [tick for tick in ticks if abs(scale(tick) - scale(wanted)) > 1.5 * room] + [wanted]
    labels = [_label(tick) for tick in ticks]
    start = min([curve.xs[0] for curve in figure.curves if curve.xs] + [x for x, _ in figure.x_ticks[:1]], default=0.0)
    last = max((curve.end for curve in figure.curves if curve.xs), default=1.0)
    end = max(figure.x_end or last, start + 1)
    dots = 2 * (width - max(map(len, labels), default=0) - 1)  # braille: two dots a cell
    y_labels = list(zip(ticks, labels, strict=True))
    x_ticks = list(figure.x_ticks) or _whole_ticks(start, end, width)
    text = _build(figure, (width, height - 1), dots, (start, end), (low, high), y_labels, x_ticks, log)
    rows = text.rstrip("\n").split("\n")[: height - 1]
    return [*(_coloured(row) for row in rows), _below_axis(rows[-1], [label for _, label in x_ticks], width)]


def _below_axis(axis: str, labels: list[str], width: int) -> Content:
    """The ticks' labels, each below its tick: plotext counts a Chinese character as one cell."""
    places = [at for at, mark in enumerate(_ESCAPE.sub("", axis)) if mark == "┬"]
    line = ""
    for place, label in zip(places, labels, strict=False):
        size = cell_len(label)
        start = max(0, min(place - size // 2, width - size))
        used = cell_len(line)
        if start > used or not line:
            line += " " * (start - used) + label
    return Content.styled(line, MUTED)


def wide_span(curves: tuple[Series, ...]) -> bool:
    """Whether a logarithmic axis shows more: all values positive, over more than one power of ten."""
    lows = [low for curve in curves for low in curve.low]
    highs = [high for curve in curves for high in curve.high]
    return bool(lows) and min(lows) > 0 and max(highs) > 20 * min(lows)


def _build(
    figure: Figure,
    size: tuple[int, int],
    dots: int,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    y_ticks: list[tuple[float, str]],
    x_ticks: list[tuple[float, str]],
    log: bool,
) -> str:
    import plotext

    scale = math.log10 if log else float
    start, end = x_range
    with _figure:
        plotext.clear_figure()
        plotext.limit_size(False, False)
        plotext.plot_size(size[0], size[1] + 1)  # its own row of labels is cut off
        plotext.theme("clear")
        plotext.frame(False)
        plotext.xaxes(True, False)
        plotext.yaxes(True, False)
        reduced = [reduce(curve, dots, start, end) for curve in figure.curves if curve.xs]
        if len(reduced) == 1:
            columns = reduced[0]
            xs: list[float] = []
            edges: list[float] = []
            for index, x in enumerate(columns.xs):  # up one column, down the next: one line fills the band
                pair = (columns.low[index], columns.high[index])
                xs += [x, x]
                edges += [scale(y) for y in (pair if index % 2 else pair[::-1])]
            if any(low != high for low, high in zip(columns.low, columns.high, strict=True)):
                plotext.plot(xs, edges, marker="braille", color=_BAND)
        for columns, colour in zip(reduced, (_CURVE, _SECOND, _MARKS, _BAND), strict=False):
            plotext.plot(columns.xs, [scale(y) for y in columns.mean], marker="braille", color=colour)
        if figure.marks:
            marks = [(x, scale(y)) for x, y in figure.marks if not log or y > 0]
            plotext.scatter([x for x, _ in marks], [y for _, y in marks], marker="o", color=_MARKS)
        plotext.xlim(start, end)
        plotext.ylim(scale(y_range[0]), scale(y_range[1]))
        plotext.yticks([scale(tick) for tick, _ in y_ticks], [label for _, label in y_ticks])
        plotext.xticks([tick for tick, _ in x_ticks], ["" for _ in x_ticks])
        built: str = plotext.build()
    return built


def _whole_ticks(start: float, end: float, width: int) -> list[tuple[float, str]]:
    """Round steps along the x axis, the first and the last point among them."""
    ticks = [tick for tick in _round_ticks(start, end, max(6, width // 5), log=False) if tick == int(tick)]
    return [(tick, f"{tick:.0f}") for tick in ticks] or [(start, f"{start:.0f}"), (end, f"{end:.0f}")]


def _coloured(line: str) -> Content:
    """plotext's colour numbers read back as roles; axes are faint, their labels muted."""
    parts: list[str | tuple[str, str]] = []
    for match in _COLOURED.finditer(line):
        number, coloured, plain = match.groups()
        if coloured is not None:
            parts.append((coloured, _ROLES.get(int(number), "")))
        elif plain:
            parts += [
                (piece, FAINT if set(piece) <= set("│┤└┬─┘ ┼") else MUTED)
                for piece in re.split(r"([│┤└┬─]+)", plain)
                if piece
            ]
    return Content.assemble(*parts)
