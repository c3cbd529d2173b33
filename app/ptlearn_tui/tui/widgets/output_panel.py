"""Everything that the cell printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.tui.record import coloured
from ptlearn_tui.tui.text import memory
from ptlearn_tui.tui.theme import BAD, MUTED, WARN
from ptlearn_tui.tui.widgets.panel import PanelBody

if TYPE_CHECKING:
    from ptlearn_tui.tui.record import Record

_STYLES = {"err": WARN, "trace": BAD, "why": WARN}


class OutputBody(PanelBody):
    """The cell's output, line by line."""

    def empty(self) -> str:
        """How output comes here."""
        return t("No output yet. Run the cell with enter: what it prints stands here.")

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """Long lines are folded; what was left out is said."""
        output = record.output
        lines: list[Content] = []
        if output.left_out:
            lines.append(Content.styled("   " + t("{n} earlier lines left out", n=output.left_out), MUTED))
        if output.dropped:
            text = t("{size} left out: it came faster than it could be shown", size=memory(output.dropped))
            lines.append(Content.styled("   " + text, MUTED))
        for kind, text in output.lines:
            content = coloured(text, _STYLES.get(kind, ""))
            pieces = content.fold(max(width - 5, 20)) if content.cell_length > width - 5 else [content]
            lines += [Content.assemble("   ", piece) for piece in pieces]
        return lines
