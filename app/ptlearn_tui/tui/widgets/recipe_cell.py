"""A cell that starts a training run: the recipe's own file, how its run stands, and below it which one that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.tui.theme import MUTED, STRONG
from ptlearn_tui.tui.widgets.cell import CodeCell

if TYPE_CHECKING:
    from ptlearn_tui.course.page import Cell
    from ptlearn_tui.tui.record import Record
    from ptlearn_tui.tui.widgets.lines import Row

MOST_OF_FILE = 4  # lines, until all are asked for: in a low window the cell and the open panel are seen together


class RecipeCell(CodeCell):
    """Never runs in the kernel, and is not edited or stepped through: the run has the file as it is installed."""

    class Start(CodeCell.Asked):
        """Start the run, or look at the one that lives; `go_on` may open its screen."""

        def __init__(self, index: int, *, go_on: bool) -> None:
            super().__init__(index)
            self.go_on = go_on

    def __init__(self, cell: Cell, record: Record) -> None:
        super().__init__(cell, record)
        self._full = record.full  # as it was laid out last

    def action_run(self, go_on: bool) -> None:
        """Hand it to the screen, which has a worker for it."""
        self.post_message(self.Start(self.cell.index, go_on=go_on))

    def action_step_through(self) -> None:
        """It is no cell of the kernel's."""

    def action_edit(self) -> None:
        """The run would not have what is written here."""

    def lay(self, width: int) -> list[Row]:
        """As every cell; of a long file the begin, or all of it."""
        if self._full != self.record.full:
            self._full, self._rows = self.record.full, None
        return super().lay(width)

    @property
    def _left_out(self) -> int:
        lines = self.source.count("\n") + 1
        return 0 if self.record.full or lines <= MOST_OF_FILE + 1 else lines - MOST_OF_FILE

    def _title(self) -> Content:
        return Content.assemble((t("Run"), MUTED), " ", (self.cell.run or "", STRONG))

    def _state(self) -> Content:
        run = self.record.run
        return Content.styled(t("enter starts it"), MUTED) if run is None else run.state()

    def _output(self, width: int) -> list[Content]:
        run, lines = self.record.run, []
        if self._left_out:
            lines.append(Content.styled(t("{n} more lines: f shows them", n=self._left_out), MUTED))
        told = run.below(width) if run is not None else []
        return [*lines, *([Content(), *told] if told else [])]
