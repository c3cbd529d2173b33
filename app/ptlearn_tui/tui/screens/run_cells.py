"""Cells that start training runs: a run is a process of its own, which the page finds again and follows."""

from __future__ import annotations

import sqlite3
import threading
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.tui.cell_run import CellRun
from ptlearn_tui.tui.run_follow import LIVE, find, follow
from ptlearn_tui.tui.screens.base import WIDE
from ptlearn_tui.tui.screens.panels import PanelsScreen
from ptlearn_tui.tui.widgets.editor import Editor
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.recipe_cell import RecipeCell

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.events import AnyEvent
    from ptlearn_tui.runs.listing import Summary
    from ptlearn_tui.tui.session import Session

PLOT = 4  # the panel's number


class Found(Message):
    """The run that a cell has: it was started here before, or is live."""

    def __init__(self, index: int, folder: Path, status: str) -> None:
        super().__init__()
        self.index = index
        self.folder = folder
        self.status = status


class Started(Message):
    """A run that was asked for lives (`joined`: it did already), or could not be started."""

    def __init__(self, run: CellRun, index: int, *, folder: Path | None, joined: bool = False, why: str = "") -> None:
        super().__init__()
        self.run = run
        self.index = index
        self.folder = folder
        self.joined = joined
        self.why = why


class Logged(Message):
    """New events of a cell's run, and how it stands."""

    def __init__(self, run: CellRun, index: int, events: list[AnyEvent], status: str) -> None:
        super().__init__()
        self.run = run
        self.index = index
        self.events = events
        self.status = status


class RunCellsScreen(PanelsScreen):
    """Starts runs and looks on. What happens to the page, or to the program, never touches a run."""

    def __init__(self, session: Session, key: str) -> None:
        """`key` is the page's in the progress store, where the cell's latest run is remembered."""
        super().__init__(session)
        self.key = key
        self._gone = threading.Event()

    def on_mount(self) -> None:
        """A run may go on from last time."""
        self._look_again()

    def on_screen_resume(self) -> None:
        """One may have been resumed or started elsewhere meanwhile."""
        if self.is_mounted:
            self._look_again()

    def on_unmount(self) -> None:
        """The threads that read end with the page."""
        self._gone.set()

    # ---- finding the run that a cell has -----------------------------------------------------------------------

    def _look_again(self) -> None:
        recipes = {cell.index: cell.run for cell in self.session.cells.values() if cell.run}
        if recipes:
            self.look(recipes)

    def _setting(self, index: int) -> str:
        return f"run {self.key} {index}"

    @work(thread=True, group="find", exclusive=True, exit_on_error=False, description="look for the cells' runs")
    def look(self, recipes: dict[int, str]) -> None:
        """The run that was started from the cell last, or a live one of its recipe."""
        for index, recipe in recipes.items():
            try:
                remembered = self.dashboard.progress.setting(self._setting(index))
            except sqlite3.Error:
                remembered = None
            run = find(recipe, remembered)
            if run is not None:
                self.post_message(Found(index, _folder(run), run.status))

    @on(Found)
    def _found(self, message: Found) -> None:
        before, live = self._run(message.index), message.status in LIVE
        if before is not None and (before.live or (before.folder == message.folder and not live)):
            return  # it is followed already, or nothing has come since its end
        run = CellRun(message.folder, message.status)
        self.session.follow(message.index, run, show=self.session.shown is None)
        if live and self.app.size.width >= WIDE:  # there the panels take no room from the text
            self.side.open(PLOT)
        self._followed(message.index, run)

    # ---- starting one ------------------------------------------------------------------------------------------

    @on(RecipeCell.Start)
    def _start_asked(self, message: RecipeCell.Start) -> None:
        """Never a second one beside one that is live: enter leads to that."""
        index, run = message.index, self._run(message.index)
        if run is None or not run.live:
            run = CellRun()
            self.session.follow(index, run, show=True)
            self._changed(index)
            self.start(run, index, self.session.cells[index].run or "")
        elif run.folder is None:
            self.dashboard.say(t("the run is starting"))
        elif message.go_on:
            self.dashboard.open_run(run.folder.name)
        else:
            self.dashboard.say(t("{run} is running already: enter opens it", run=run.folder.name))

    @work(thread=True, group="runs", exit_on_error=False, description="start a cell's run")
    def start(self, run: CellRun, index: int, recipe: str) -> None:
        """A process of its own; it may take a second until that lives."""
        from ptlearn_tui.runs import launch
        from ptlearn_tui.training import catalog

        other = find(recipe)
        if other is not None and other.status in LIVE:
            self.post_message(Started(run, index, folder=_folder(other), joined=True))
            return
        try:
            folder = launch.start(catalog.request(recipe, data=self.dashboard.data_folder))
        except RequestError as error:
            self.post_message(Started(run, index, folder=None, why=str(error)))
        else:
            self.post_message(Started(run, index, folder=folder))

    @on(Started)
    def _started(self, message: Started) -> None:
        run, index, folder = message.run, message.index, message.folder
        if folder is None:
            run.status, run.why = "refused", message.why
            self._changed(index)
            return
        run.folder, run.status = folder, "running"
        write = partial(self.dashboard.progress.remember, self._setting(index), folder.name)
        self.dashboard.writer.keep(write)
        if message.joined:
            self.dashboard.say(t("{run} is running already: it is shown here", run=folder.name))
        self.side.open(PLOT)
        if index in self.session.on_page:
            self.call_after_refresh(self.text.keep_in_sight, index)
        self._followed(index, run)

    # ---- following it ------------------------------------------------------------------------------------------

    def _followed(self, index: int, run: CellRun) -> None:
        self._changed(index)
        if run.folder is not None:
            self.read(run, index, run.folder)

    @work(thread=True, group="tail", exit_on_error=False, description="follow a cell's run")
    def read(self, run: CellRun, index: int, folder: Path) -> None:
        """Until it ends: one that is resumed later is found again when the page is looked at."""
        for events, status in follow(folder, self._gone):
            self.post_message(Logged(run, index, events, status))
            if status not in LIVE:
                return

    @on(Logged)
    def _logged(self, message: Logged) -> None:
        if message.run is self._run(message.index) and message.run.take_in(message.events, message.status):
            self._changed(message.index)

    def _run(self, index: int) -> CellRun | None:
        return self.session.records[index].run

    def _changed(self, index: int) -> None:
        self.changed(index)
        if index == self.session.shown:
            self.show_record()
        else:
            self.side.changed("plot")
            self.side.draw()
        self.show_hints()

    # ---- keys --------------------------------------------------------------------------------------------------

    @on(Panel.Entered)
    def _plot_entered(self, message: Panel.Entered) -> None:
        record = self.session.record_for("plot")[0]
        if message.number == PLOT and record is not None and record.run is not None and record.run.folder is not None:
            self.dashboard.open_run(record.run.folder.name)

    def interrupt(self) -> None:
        """ctrl+c is the kernel's: it never stops a run."""
        live = any(record.run is not None and record.run.live for record in self.session.records.values())
        if live and self.session.running is None and not isinstance(self.focused, Editor):
            self.dashboard.say(t("the run goes on; enter on its cell opens it, and x stops it there"))
        else:
            super().interrupt()


def _folder(run: Summary) -> Path:
    from ptlearn_tui import home

    return home.runs_folder() / run.id
