"""The curves of a cell: any training loop draws its loss here while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import safe, thousands
from ptlearn_tui.tui.theme import ACCENT, BAND, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.panel import PanelBody
from ptlearn_tui.tui.widgets.plot import Figure, draw, wide_span

if TYPE_CHECKING:
    from ptlearn_tui.tui.record import Record

_KEYS = (ACCENT, WARN, GOOD, BAND)  # the colours that `draw` gives to the first, second, … curve


class PlotBody(PanelBody):
    """One figure; its legend stands above it, since plotext's own overruns the row with Chinese."""

    def empty(self) -> str:
        """How a curve comes here."""
        return t(
            "No curve yet. Run a cell with a training loop: every loss on which backward() is called draws itself."
        )

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """Legend and curves, as high as the panel is."""
        series = [(name, each) for name, each in record.series.items() if len(each)][:4]
        if not series:
            return []
        parent = self.parent
        height = max(6, (parent.size.height if parent is not None else 14) - 2)  # type: ignore[attr-defined]
        legend: list[str | tuple[str, str]] = ["   "]
        for (name, each), colour in zip(series, _KEYS, strict=False):
            legend += [("⣀ ", colour), (safe(name), STRONG), f" {each.last:.4g}   "]
        step = max(each.end for _, each in series)
        legend.append((t("step {n}", n=thousands(step)), MUTED))
        curves = tuple(each for _, each in series)
        drawn = draw(Figure(curves, log=wide_span(curves)), width - 4, height)
        return [Content.assemble(*legend), *(Content.assemble("  ", line) for line in drawn)]
