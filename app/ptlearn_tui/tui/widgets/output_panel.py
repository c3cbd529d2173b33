"""Everything that the cell printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import memory, safe, thousands, wrap
from ptlearn_tui.tui.theme import ACCENT, BAD, MUTED, WARN
from ptlearn_tui.tui.transcript import coloured
from ptlearn_tui.tui.widgets.panel import PanelBody

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ptlearn_tui.tui.record import Record

_STYLES = {"err": WARN, "trace": BAD, "why": WARN}


def lay_printed(record: Record, printed: Iterable[tuple[str, str]], width: int, fold: Collection[str]) -> list[Content]:
    """Lines of output by their kinds; those whose kind is in `fold` are read to their end, others are cut."""
    lines: list[Content] = []
    openable = record.error is not None and record.error.whole is not None and not record.full
    for kind, text in printed:
        content = coloured(text, _STYLES.get(kind, ""))
        if openable and kind == "trace" and text.startswith("    … "):
            content = Content.assemble((text, MUTED), ("   f ", ACCENT), (t("opens them"), MUTED))
        if content.cell_length <= width:
            lines.append(content)
        elif kind in fold:
            lines += content.fold(width)
        else:
            lines.append(content.truncate(width, ellipsis=True))
    return lines


class OutputBody(PanelBody):
    """The cell's output, line by line."""

    def empty(self) -> str:
        """How output comes here."""
        return t("No output yet. Run the cell with enter: what it prints stands here.")

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """Long lines are folded; what was left out is said, and where it is."""
        room = max(width - 5, 20)
        said = [line for text in _left_out(record) for line in wrap(Content.styled(text, MUTED), room)]
        printed = lay_printed(record, record.printed, room, fold=("out", "err", "value", "trace", "why"))
        return [Content.assemble("   ", line) for line in [*said, *printed]]


def _left_out(record: Record) -> list[str]:
    """What is not shown, and the file that has it."""
    output, whole = record.output, record.whole
    said = []
    if output.left_out:
        said.append(t("{n} earlier lines left out", n=thousands(output.left_out)))
    if output.dropped:
        said.append(t("{size} left out: it came faster than it could be shown", size=memory(output.dropped)))
    if said and whole is not None and whole.path is not None:
        said.append(t("all of it: {path}", path=safe(str(whole.path))))
        if whole.left_out:
            why = whole.why or t("it would fill the disk")
            said.append(t("but for the last {size}: {why}", size=memory(whole.left_out), why=safe(why)))
    elif said and whole is not None and whole.why:
        said.append(t("not kept in a file: {why}", why=safe(whole.why)))
    return said
