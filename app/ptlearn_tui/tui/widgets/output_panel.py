"""Everything that the cell printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import memory, thousands, wrap
from ptlearn_tui.tui.theme import ACCENT, BAD, MUTED, WARN
from ptlearn_tui.tui.transcript import coloured
from ptlearn_tui.tui.widgets.explained import lay_advice, lay_error
from ptlearn_tui.tui.widgets.panel import PanelBody

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ptlearn_tui.tui.record import Record

LATEST = 400  # lines that are drawn while the cell runs

_STYLES = {"err": WARN, "trace": BAD}


def lay_printed(record: Record, printed: Iterable[tuple[str, str]], width: int, fold: Collection[str]) -> list[Content]:
    """Lines of output by their kinds; those whose kind is in `fold` are read to their end, others are cut.

    What an error means stands under its traceback, what advice means at the end; neither depends on how many of the
    lines are in `printed`.
    """
    lines: list[Content] = []
    printed = [line for line in printed if line[0] != "told"]
    traced = max((at for at, (kind, _) in enumerate(printed) if kind == "trace"), default=-1)
    openable = record.error is not None and record.error.whole is not None and not record.full
    for at, (kind, text) in enumerate(printed):
        content = coloured(text, _STYLES.get(kind, ""))
        if openable and kind == "trace" and text.startswith("    … "):
            content = Content.assemble((text, MUTED), ("   f ", ACCENT), (t("opens them"), MUTED))
        if content.cell_length <= width:
            lines.append(content)
        elif kind in fold:
            lines += content.fold(width)
        else:
            lines.append(content.truncate(width, ellipsis=True))
        if at == traced:
            lines += _lay_why(record, width, said=text)
    if traced < 0:
        lines += _lay_why(record, width)
    for advice in record.advice:
        lines += lay_advice(advice, width)
    return lines


def _lay_why(record: Record, width: int, said: str = "") -> list[Content]:
    """What the error means; what it is, where the line `said` above is not the traceback's last."""
    error = record.error
    if error is None:
        return []
    last = safe((error.traceback or f"{error.kind}: {error.message}").rstrip("\n").rpartition("\n")[2])
    what = [] if said and said[:200] == last[:200] else wrap(Content.styled(last[:1_000], BAD), width)
    return [*what, *lay_error(error, width)]


class OutputBody(PanelBody):
    """The cell's output, line by line."""

    def empty(self) -> str:
        """How output comes here."""
        return t("No output yet. Run the cell with r: what it prints stands here.")

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """Long lines are folded; what was left out is said, and where it is."""
        room = max(width - 5, 20)
        said = [line for text in _left_out(record) for line in wrap(Content.styled(text, MUTED), room)]
        # While it runs, the end is what is looked at: all of it takes 50 ms a drawing.
        lines = record.printed[-LATEST:] if record.state == "running" else record.printed
        printed = lay_printed(record, lines, room, fold=("out", "err", "value", "trace"))
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
