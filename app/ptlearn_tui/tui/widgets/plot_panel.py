"""The curves of a cell: any training loop draws its loss here while it runs, and below it a rate that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import thousands
from ptlearn_tui.tui.theme import ACCENT, BAND, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.panel import PanelBody
from ptlearn_tui.tui.widgets.plot import Figure, draw, wide_span
from ptlearn_tui.tui.widgets.training_plot import lay_loss, lay_progress

if TYPE_CHECKING:
    from ptlearn_tui.tui.record import Record
    from ptlearn_tui.tui.run_view import RunView
    from ptlearn_tui.tui.widgets.plot import Series

_KEYS = (ACCENT, WARN, GOOD, BAND)  # the colours that `draw` gives to the first, second, … curve
MOST = len(_KEYS)  # curves of a figure
LEAST_HEIGHT = 6  # lines of a figure


class PlotBody(PanelBody):
    """Figures with their legends above them, since plotext's own overruns the row with Chinese."""

    def empty(self) -> str:
        """How a curve comes here."""
        return t(
            "No curve yet. Run a cell with a training loop: every loss on which backward() is called draws itself."
        )

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """As high as the panel is. A learning rate has an axis of its own: it is far smaller than a loss."""
        parent = self.parent
        height = (parent.size.height if parent is not None else 14) - 1  # type: ignore[attr-defined]
        if record.run is not None:
            return _run(record.run.view, width, height)
        rates = {name: each for name, each in record.series.items() if len(each) and name.startswith("rate")}
        others = {name: each for name, each in record.series.items() if len(each) and name not in rates}
        if others and rates and height < 2 * (LEAST_HEIGHT + 1):
            return _figure({**others, **rates}, others, width, height)  # the rate in the legend, at least
        below = height // 3 if others else height
        lines = _figure(others, others, width, height - below if rates else height)
        return lines + _figure(rates, rates, width, max(below, LEAST_HEIGHT + 1))


def _run(view: RunView, width: int, height: int) -> list[Content]:
    """How far the training run of a cell is, and its loss."""
    loss = lay_loss(view, width - 1, max(height - 1, LEAST_HEIGHT), indent="  ", logarithmic=True)
    return [lay_progress(view, width - 1, indent="  "), *loss]


def _figure(named: dict[str, Series], drawn: dict[str, Series], width: int, height: int) -> list[Content]:
    """A legend of those that are `named`, and the curves of those that are `drawn`."""
    if not named:
        return []
    colours = dict(zip(list(drawn)[:MOST], _KEYS, strict=False))
    legend: list[str | tuple[str, str]] = ["   "]
    for name, each in named.items():
        legend += [("⣀ ", colours[name])] if name in colours else []
        legend += [(safe(name), STRONG), f" {each.last:.4g}   "]
    step = max(each.end for each in drawn.values())
    legend.append((t("step {n}", n=thousands(step)), MUTED))
    curves = tuple(drawn[name] for name in colours)
    lines = draw(Figure(curves, log=wide_span(curves)), width - 4, max(height - 1, LEAST_HEIGHT))
    return [Content.assemble(*legend), *(Content.assemble("  ", line) for line in lines)]
