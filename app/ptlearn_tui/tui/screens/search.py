"""Search: words, and the pages, exercises and terms that have them, as they are typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from ptlearn_tui.course.search import Hit, search
from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.screens.base import BaseScreen
from ptlearn_tui.tui.theme import ACCENT, MUTED
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint, crumbs
from ptlearn_tui.tui.widgets.place_list import Place, PlaceList

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.course.plan import Plan


class Words(Input):
    """Down or enter leads to what was found."""

    DEFAULT_CSS = """
    Words { height: 1; border: none; padding: 0 1; margin: 1 3; background: $code; border-left: outer $faint; }
    Words:focus { border: none; border-left: outer $accent; background: $code; }
    """
    BINDINGS: ClassVar = [
        Binding("down", "screen.to_list", "to what was found", show=False),
        Binding("escape", "app.leave", "leave the search", show=False),
    ]


class Found(Message):
    """What has been found for these words."""

    def __init__(self, words: str, hits: list[Hit]) -> None:
        super().__init__()
        self.words = words
        self.hits = hits


class SearchScreen(BaseScreen):
    """Over all lessons of the language in use."""

    CSS_PATH = "search.tcss"
    BINDINGS: ClassVar = [
        Binding("slash", "to_words", "other words", show=False),
        Binding("escape", "app.leave", "leave the search", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The words, then the list."""
        yield Header()
        yield Words(compact=True, max_length=100)
        with VerticalScroll(id="body", can_focus=False):
            yield PlaceList(id="places")
        yield Footer()

    def on_mount(self) -> None:
        """Ready to be written in."""
        super().on_mount()
        self.query_one(Words).focus()
        self.speak()

    def speak(self) -> None:
        """In the language in use: other pages, too."""
        self.header.title = crumbs(t("Plan"), t("Search"))
        words = self.query_one(Words)
        words.placeholder = t("words; all of them, in any order")
        self.look(self.dashboard.plan, words.value)
        self.show_hints()

    @on(Words.Changed)
    def _typed(self, message: Words.Changed) -> None:
        self.look(self.dashboard.plan, message.value)

    @work(thread=True, group="search", exclusive=True, exit_on_error=False, description="search")
    def look(self, plan: Plan, words: str) -> None:
        """Some hundred small files, the first time."""
        self.post_message(Found(words, search(plan, words)))

    @on(Found)
    def _found(self, message: Found) -> None:
        if message.words != self.query_one(Words).value:
            return  # something else was typed meanwhile
        listing = self.query_one(PlaceList)
        listing.empty = t("nothing has all of these words") if message.words.strip() else ""
        listing.places = tuple(self._place(hit, message.words) for hit in message.hits)
        count = len(message.hits)
        self.header.status = Content.styled(t("{n} found", n=count), MUTED) if message.words.strip() else Content()

    def _place(self, hit: Hit, words: str) -> Place:
        plan = self.dashboard.plan
        below = Content.styled(safe(hit.passage), MUTED)
        for word in words.split():
            below = below.highlight_regex(f"(?i){re.escape(word)}", style=ACCENT)
        more = t("{n} places", n=hit.places) if hit.places > 1 else ""
        return Place(hit.entry, words, " › ".join(plan.crumbs(hit.entry)), more, below if hit.passage else None)

    def hints(self) -> tuple[Hint, ...]:
        """Where the keys are."""
        if isinstance(self.focused, Words):
            return Hint("enter", t("to what was found"), "to_list"), Hint("esc", t("back"), "app.leave")
        return (
            Hint("enter", t("open"), "open"),
            Hint("↑ ↓", t("move"), "move(1)"),
            Hint("/", t("other words"), "to_words"),
            Hint("q", t("back"), "app.leave"),
        )

    @on(Words.Submitted)
    def action_to_list(self) -> None:
        """The keys are the list's."""
        if self.query_one(PlaceList).places:
            self.query_one(PlaceList).focus()

    def action_to_words(self) -> None:
        """Look for something else."""
        self.query_one(Words).focus()

    def action_open(self) -> None:
        """The footer's enter."""
        self.query_one(PlaceList).action_open()

    def action_move(self, step: int) -> None:
        """The footer's arrows."""
        self.query_one(PlaceList).action_move(step)

    @on(PlaceList.Opened)
    def _opened(self, message: PlaceList.Opened) -> None:
        self.dashboard.open_page(message.place.entry, words=message.place.anchor)
