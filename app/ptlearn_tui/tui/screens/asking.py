"""A screen whose cells have questions: an answer runs its cell, and is compared with what the kernel made."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from textual import on

from ptlearn_tui.course import practice
from ptlearn_tui.locale import t
from ptlearn_tui.tui.questions import Asked, asked
from ptlearn_tui.tui.screens.run_cells import RunCellsScreen
from ptlearn_tui.tui.widgets.ask import AnswerLine, Ask
from ptlearn_tui.tui.widgets.cell import CodeCell

if TYPE_CHECKING:
    from ptlearn_tui.course.page import Cell


class AskingScreen(RunCellsScreen):
    """Predict, then run."""

    questions: dict[int, Asked]  # of the page that is open, by the cells' indices

    def ask(self, page: str, cells: list[Cell]) -> None:
        """The questions of these cells; what was answered before, and does not come back today, stays answered."""
        progress = self.dashboard.progress
        try:
            standings = practice.standings(progress.attempts())
        except sqlite3.Error:  # another shell writes: a question too many is no loss
            standings = {}
        self.questions = asked(page, cells, standings, practice.today(progress))

    @on(Ask.Answered)
    def _answered(self, message: Ask.Answered) -> None:
        """An answer runs the cell, after those above that it builds on; without one, nothing is hidden any more."""
        index, question = message.index, self.questions[message.index]
        question.given, question.state = message.text, "given" if message.text else "skipped"
        self.text.unveil()
        self.cell(index).focus(scroll_visible=False)
        if message.text:
            records = self.session.records
            self.queue([*(each for each in self.session.above(index) if not records[each].number), index])
            self.call_after_refresh(self.text.keep_in_sight, index)

    @on(AnswerLine.Changed)
    def _typed(self) -> None:
        """Enter skips, or answers."""
        self.show_hints()

    @on(CodeCell.Run)
    def _run_unasked(self, message: CodeCell.Run) -> None:
        """Whoever runs the cell itself does not want to be asked."""
        question = self.questions.get(message.index)
        if question is not None and question.state == "open":
            question.state = "skipped"
            self.text.unveil()

    def ask_again(self, id: str) -> None:
        """It comes back: as if it had never been answered."""
        for index, question in self.questions.items():
            if question.cell.id == id:
                question.state, question.given, question.truth = "open", "", None
                self.text.unveil()
                self.text.focus_on(index)
                self.call_after_refresh(self.text.keep_in_sight, index)

    def judge(self, index: int) -> None:
        """A cell has run to its end."""
        question = self.questions.get(index)
        if question is None:
            return
        right = question.ran(self.session.records[index])
        self.text.unveil()
        if right is not None:
            self.dashboard.writer.keep(
                partial(self.dashboard.progress.attempt, question.what, question.given, ok=right),
                lambda why: t("your answer is not on disk: {why}", why=why),
            )
