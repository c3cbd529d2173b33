"""What comes back today: questions that were missed, exercises that did not pass."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content

from ptlearn_tui.course import practice
from ptlearn_tui.locale import t
from ptlearn_tui.tui.screens.base import BaseScreen
from ptlearn_tui.tui.theme import MUTED
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint, crumbs
from ptlearn_tui.tui.widgets.place_list import Place, PlaceList

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.course.practice import Back


class TodayScreen(BaseScreen):
    """A list; what is answered right goes away for some days."""

    CSS_PATH = "today.tcss"

    def compose(self) -> ComposeResult:
        """One list."""
        yield Header()
        with VerticalScroll(id="body", can_focus=False):
            yield PlaceList(id="places")
        yield Footer()

    def on_mount(self) -> None:
        """The keys are the list's."""
        super().on_mount()
        self.query_one(PlaceList).focus()
        self.speak()

    def on_screen_resume(self) -> None:
        """Back from one of them."""
        if self.is_mounted:
            self.show()

    def speak(self) -> None:
        """In the language in use."""
        self.header.title = crumbs(t("Plan"), t("Today"))
        self.show()
        self.show_hints()

    def show(self) -> None:
        """As the store has it now."""
        progress, plan = self.dashboard.progress, self.dashboard.plan
        listing = self.query_one(PlaceList)
        try:
            standings = practice.standings(progress.attempts())
        except sqlite3.Error:  # another shell is writing
            return
        back = practice.come_back(plan, standings, practice.today(progress))
        listing.empty = self._why_empty(standings)
        listing.places = tuple(self._place(each) for each in back)
        self.header.status = (
            Content.styled(t("{n} min", n=sum(each.minutes for each in back)), MUTED) if back else Content()
        )

    def _place(self, each: Back) -> Place:
        plan, days = self.dashboard.plan, (practice.today(self.dashboard.progress) - each.since).days
        kind = t("exercise") if each.entry.is_exercise else t("question")
        late = "" if days < 1 else " · " + (t("since yesterday") if days == 1 else t("for {n} days", n=days))
        below = Content.styled(kind + late, MUTED)
        return Place(
            each.entry, each.question, " › ".join(plan.crumbs(each.entry)), t("{n} min", n=each.minutes), below
        )

    def _why_empty(self, standings: dict[str, practice.Standing]) -> str:
        coming = sorted(each.due for each in standings.values() if each.due is not None)
        if not coming:
            return t("Nothing comes back. What you miss is asked again after 1, 3, 7 and 21 days.")
        days = max((coming[0] - practice.today(self.dashboard.progress)).days, 1)
        if days == 1:
            return t("Nothing today. The next comes back tomorrow.")
        return t("Nothing today. The next comes back in {n} days.", n=days)

    def hints(self) -> tuple[Hint, ...]:
        """Little to do here but to go there."""
        return (
            Hint("enter", t("open"), "open"),
            Hint("↑ ↓", t("move"), "move(1)"),
            Hint("q", t("plan"), "app.leave"),
        )

    def action_open(self) -> None:
        """The footer's enter."""
        self.query_one(PlaceList).action_open()

    def action_move(self, step: int) -> None:
        """The footer's arrows."""
        self.query_one(PlaceList).action_move(step)

    @on(PlaceList.Opened)
    def _opened(self, message: PlaceList.Opened) -> None:
        self.dashboard.open_page(message.place.entry, question=message.place.anchor)
