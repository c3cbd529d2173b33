"""All training runs: which are live, how the others ended; and the way to start one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.runs.listing import Summary, summaries
from ptlearn_tui.training.catalog import RECIPES
from ptlearn_tui.tui.glyphs import FOCUS
from ptlearn_tui.tui.screens.base import BaseScreen
from ptlearn_tui.tui.text import fit
from ptlearn_tui.tui.theme import ACCENT, BAD, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint, crumbs
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Click

_ROLES = {"running": GOOD, "paused": WARN, "finished": MUTED, "stopped": MUTED, "failed": BAD, "lost": BAD}


class Found(Message):
    """The runs that there are."""

    def __init__(self, runs: list[Summary]) -> None:
        super().__init__()
        self.runs = runs


class RunList(Lines, can_focus=True):
    """What can be started first, then the runs, the newest first."""

    BINDINGS: ClassVar = [
        Binding("down,j", "move(1)", "move", show=False),
        Binding("up,k", "move(-1)", "move", show=False),
        Binding("enter", "open", "open the run, or start one", show=False),
    ]

    runs: reactive[list[Summary] | None] = reactive(None)
    cursor: reactive[int] = reactive(0)

    class Opened(Message):
        """A run to look at, or a recipe to start."""

        def __init__(self, *, run: str | None = None, recipe: str | None = None) -> None:
            super().__init__()
            self.run = run
            self.recipe = recipe

    def watch_runs(self) -> None:
        """Runs came, went or changed."""
        self.changed()

    def watch_cursor(self) -> None:
        """Another row is in focus."""
        self.changed()

    @property
    def _rows(self) -> int:
        return len(RECIPES) + len(self.runs or [])

    def action_move(self, step: int) -> None:
        """Up or down a row."""
        self.cursor = max(0, min(self._rows - 1, self.cursor + step))

    def action_open(self) -> None:
        """Start or look."""
        if self.cursor < len(RECIPES):
            self.post_message(self.Opened(recipe=list(RECIPES)[self.cursor]))
        elif self.runs:
            self.post_message(self.Opened(run=self.runs[self.cursor - len(RECIPES)].id))

    def on_click(self, event: Click) -> None:
        """The first click moves, the second opens."""
        row = self._lines_of.get(event.y)
        if row is None:
            return
        if row == self.cursor:
            self.action_open()
        self.cursor = row

    _lines_of: dict[int, int]

    def lay(self, width: int) -> list[Content]:
        """Two short tables."""
        self._lines_of = {}
        lines = [Content(), Content.styled("   " + t("Train"), STRONG), Content()]

        def add(row: int, line: Content) -> None:
            self._lines_of[len(lines)] = row
            lines.append(Content.assemble((FOCUS if row == self.cursor else " ", ACCENT), "  ", line))

        for row, recipe in enumerate(RECIPES.values()):
            name = (fit(recipe.name, 14), STRONG if row == self.cursor else "")
            add(row, Content.assemble(name, (t(recipe.about), MUTED)).truncate(width - 6, ellipsis=True))
        lines += [Content(), Content.styled("   " + t("Runs"), STRONG), Content()]
        if self.runs is None:
            lines.append(Content.styled("   " + t("looking"), MUTED))
        elif not self.runs:
            lines.append(Content.styled("   " + t("None yet. Enter on a recipe above starts one."), MUTED))
        for row, run in enumerate(self.runs or [], len(RECIPES)):
            accuracy = f"{100 * run.accuracy:.2f} %" if run.accuracy is not None else ""
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
            add(
                row,
                Content.assemble(
                    (fit(safe(run.id), 20), STRONG if row == self.cursor else ""),
                    (fit(t(run.status), 12), _ROLES.get(run.status, "")),
                    fit(t("epoch {n} of {total}", n=run.epoch, total=run.epochs), 16),
                    fit(accuracy, 10),
                    (when, MUTED),
                ),
            )
        return lines


class RunsScreen(BaseScreen):
    """`w` on the plan."""

    BINDINGS: ClassVar = [Binding("escape", "app.leave", "back to the plan", show=False)]

    def compose(self) -> ComposeResult:
        """One list."""
        yield Header()
        yield RunList()
        yield Footer()

    def on_mount(self) -> None:
        """Looked for in a thread, again every second."""
        super().on_mount()
        self.query_one(RunList).focus()
        self.speak()
        self.look()
        self.set_interval(1.0, self.look)

    def speak(self) -> None:
        """In the language in use."""
        self.header.title = crumbs(t("Plan"), t("Training runs"))
        self.show_hints()

    def hints(self) -> tuple[Hint, ...]:
        """What enter does depends on the row."""
        return (
            Hint("enter", t("start or open"), "open"),
            Hint("↑ ↓", t("move"), "move"),
            Hint("q", t("plan"), "app.leave"),
        )

    @work(thread=True, group="runs", exclusive=True, exit_on_error=False, description="look for runs")
    def look(self) -> None:
        """Reads a few lines of each run's log."""
        self.post_message(Found(summaries()))

    @on(Found)
    def _found(self, message: Found) -> None:
        listing = self.query_one(RunList)
        if message.runs != listing.runs:
            listing.runs = message.runs

    def action_open(self) -> None:
        """The footer's enter."""
        self.query_one(RunList).action_open()

    def action_move(self) -> None:
        """The footer's arrows."""
        self.query_one(RunList).action_move(1)

    @on(RunList.Opened)
    def _opened(self, message: RunList.Opened) -> None:
        if message.run is not None:
            self.dashboard.open_run(message.run)
        elif message.recipe is not None:
            self.dashboard.say(t("{recipe} is starting", recipe=message.recipe))
            self.dashboard.start_run(message.recipe)
