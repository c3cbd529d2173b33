"""An exercise: the task, the learner's answer in a cell, and what its checks say of it."""

from __future__ import annotations

import random
import sqlite3
import time
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.message import Message

from ptlearn_tui.course import practice
from ptlearn_tui.course.exercise import of_entry
from ptlearn_tui.events import Done
from ptlearn_tui.kernel.attempt import Attempt
from ptlearn_tui.kernel.client import KernelError
from ptlearn_tui.kernel.verdict import Verdict
from ptlearn_tui.locale import t
from ptlearn_tui.tui.screens.lesson import LessonScreen
from ptlearn_tui.tui.widgets.bars import Hint
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.outcome import Effort, Outcome

if TYPE_CHECKING:
    from ptlearn_tui.course.course import Course
    from ptlearn_tui.course.plan import PageEntry
    from ptlearn_tui.events import AnyEvent
    from ptlearn_tui.tui.widgets.page_text import PageText


class Tried(Message):
    """Something of a check has come; None and a reason where none could begin."""

    def __init__(self, attempt: Attempt, event: AnyEvent | None, why: str = "") -> None:
        super().__init__()
        self.attempt = attempt
        self.event = event
        self.why = why


class ItemPassed(Message):
    """All exercises of the item are passed, and its box is ticked."""


class ExerciseScreen(LessonScreen):
    """A page with one cell, whose enter checks; `r` runs it, as anywhere."""

    CSS_PATH = "lesson.tcss"
    BINDINGS: ClassVar = [
        Binding("c", "check", "check your answer", show=False),
        Binding("h", "hint", "the next hint", show=False),
        Binding("s", "solution", "a solution", show=False),
    ]

    def __init__(self, course: Course, entry: PageEntry) -> None:
        super().__init__(course, entry)
        self.effort = Effort(of_entry(entry, "en"))
        self._attempt: Attempt | None = None
        self._began = 0.0

    def on_mount(self) -> None:
        """How often it was tried before."""
        self.effort.exercise = of_entry(self.entry, self.dashboard.language)
        self._look_up()

    def _look_up(self) -> None:
        try:
            found = practice.standings(self.dashboard.progress.attempts(self.entry.key))
        except sqlite3.Error:
            return  # another shell is writing: the count of this session has to do
        self.effort.standing = found.get(self.entry.key, practice.Standing())
        self._show()

    def _page(self) -> PageText:
        page = super()._page()
        page.below[0] = Outcome(self.effort)
        return page

    def speak(self) -> None:
        """The messages too."""
        self.effort.exercise = of_entry(self.entry, self.dashboard.language)
        if self.effort.verdict is not None:
            self.effort.verdict.exercise = self.effort.exercise
        super().speak()

    def _show(self) -> None:
        for outcome in self.query(Outcome):
            outcome.changed()
        self.show_hints()

    # ---- checking ------------------------------------------------------------------------------------------------

    @on(CodeCell.Run)
    def _enter(self, message: CodeCell.Run) -> None:
        """Enter is the obvious next thing: here a check."""
        if message.go_on and not self.session.cells[message.index].scratch:
            message.prevent_default()
            self.action_check()

    def action_check(self) -> None:
        """In a fresh kernel, so that what was run here by hand neither helps nor hurts."""
        if self._attempt is not None:
            return
        self._attempt = Attempt(self.session.source(0), self.effort.exercise.checks, seed=random.randrange(2**31))
        self.effort.verdict, self.effort.refused, self.effort.checking = Verdict(self.effort.exercise), "", 0.0
        self._began = time.monotonic()
        self.try_answer(self._attempt)
        self._show()

    @work(thread=True, group="check", exit_on_error=False, description="check an answer")
    def try_answer(self, attempt: Attempt) -> None:
        """Events become messages; nothing here touches a widget."""
        try:
            self.dashboard.server.wait()
            for event in attempt.run(self.dashboard.server):
                self.post_message(Tried(attempt, event))
        except KernelError as error:
            self.post_message(Tried(attempt, None, str(error)))

    @on(Tried)
    def _tried(self, message: Tried) -> None:
        effort = self.effort
        if message.attempt is not self._attempt or effort.verdict is None:
            return
        if message.event is None:
            effort.refused, effort.checking, self._attempt = message.why, None, None
        else:
            effort.verdict.take(message.event)
        if isinstance(message.event, Done):
            self._judged(effort.verdict)
        self._show()

    def _judged(self, verdict: Verdict) -> None:
        self.effort.checking = self._attempt = None
        self.effort.standing.take(verdict.passed, "", practice.today(self.dashboard.progress))

        def note() -> None:
            if practice.note(self.dashboard.progress, verdict.exercise, ok=verdict.passed):
                self.post_message(ItemPassed())

        self.dashboard.writer.keep(note, lambda why: t("your attempt is not on disk: {why}", why=why))
        self.call_after_refresh(self._in_sight)

    def _in_sight(self) -> None:
        for outcome in self.query(Outcome):
            outcome.scroll_visible(animate=False)

    @on(ItemPassed)
    def _item_passed(self) -> None:
        title = self.dashboard.plan.item(self.entry.plan_id).title
        self.dashboard.say(t("all exercises of {item} are passed: it is ticked", item=title))

    def _pulse(self) -> None:
        """The seconds of a check."""
        super()._pulse()
        if self._attempt is not None:
            self.effort.checking = time.monotonic() - self._began
            self._show()

    def interrupt(self) -> None:
        """ctrl+c: a check is given up, and counts for nothing."""
        if self._attempt is None:
            super().interrupt()
            return
        self._attempt.stop()
        self._attempt, self.effort.checking, self.effort.verdict = None, None, None
        self._show()

    def keep_read(self) -> None:
        """An exercise is passed, not read."""

    def hints(self) -> tuple[Hint, ...]:
        """Of the answer: what it takes to get on."""
        cell = self.focused
        if self._attempt is not None:
            return (Hint("ctrl+c", t("give the check up"), "app.interrupt"),)
        if not isinstance(cell, CodeCell) or cell.cell.scratch or self.session.running is not None:
            return super().hints()
        following = Hint("n", t("next, come back later"), "next_page")
        edit, check = Hint("e", t("edit"), "focused.edit"), Hint("enter", t("check"), "check")
        if self.effort.standing.ok:
            return edit, check, Hint("s", t("a solution"), "solution"), Hint("n", t("next"), "next_page")
        hint = () if self.effort.hints == len(self.effort.exercise.hints) else (Hint("h", t("hint"), "hint"),)
        solution = (Hint("s", t("a solution"), "solution"),) if self.effort.may_see else ()
        over = (Hint("u", t("start over"), "focused.undo"),) if cell.edited is not None else ()
        return *((check, edit) if cell.edited is not None else (edit, check)), *hint, *solution, *over, following

    # ---- help ------------------------------------------------------------------------------------------------------

    def action_hint(self) -> None:
        """One more."""
        if self.effort.hints < len(self.effort.exercise.hints):
            self.effort.hints += 1
            self._show()
            self.call_after_refresh(self._in_sight)
        else:
            self.dashboard.say(t("there are no more hints"))

    def action_solution(self) -> None:
        """After a pass, or after three tries."""
        if self.effort.may_see:
            self.effort.solved = not self.effort.solved
            self._show()
            self.call_after_refresh(self._in_sight)
        else:
            self.dashboard.say(t("after a pass, or after {n} tries", n=3))
