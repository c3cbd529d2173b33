"""The plan: where to go on, what is live, and the checklist."""

from __future__ import annotations

import sqlite3
import time
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.containers import Container
from textual.content import Content
from textual.message import Message

from ptlearn_tui.course import practice
from ptlearn_tui.locale import t
from ptlearn_tui.tui.glyphs import tick
from ptlearn_tui.tui.screens.base import WIDE, BaseScreen
from ptlearn_tui.tui.theme import BAD, GOOD, MUTED, STRONG
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint
from ptlearn_tui.tui.widgets.plan_detail import PlanDetail
from ptlearn_tui.tui.widgets.plan_list import GoOn, ItemRow, Live, PlanList, Row, Today

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.runs.listing import Summary
    from ptlearn_tui.tui.app import Dashboard

RUNS_EVERY = 1.0  # seconds between looks at the runs folder


class RunsFound(Message):
    """The runs that are going on, found in a thread."""

    def __init__(self, live: tuple[Live, ...]) -> None:
        super().__init__()
        self.live = live


class PlanScreen(BaseScreen):
    """The first screen."""

    BINDINGS: ClassVar = [
        Binding("w", "runs", "training runs", show=False),
        Binding("d", "today", "what comes back today", show=False),
        Binding("e", "exercises", "exercises of this item", show=False),
        Binding("c", "sheet", "the cheat sheet of this item", show=False),
        Binding("g", "glossary", "the glossary", show=False),
        Binding("right", "into_detail", "into the pages beside", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._live: tuple[Live, ...] = ()
        self._ready_at: float | None = None

    def compose(self) -> ComposeResult:
        """The plan at the left or on top, what the item in focus holds beside or below."""
        yield Header()
        with Container(id="body"):
            yield PlanList(id="plan")
            yield PlanDetail(id="detail")
        yield Footer()

    def on_mount(self) -> None:
        """Rows first; what runs is looked for in a thread."""
        super().on_mount()
        self.watch(self.app, "revision", self.show_rows, init=False)
        self.speak()
        self.query_one(PlanList).focus()
        self.set_interval(1.0, self.show_status)
        self.set_interval(RUNS_EVERY, self.look_for_runs)

    def on_screen_resume(self) -> None:
        """Back from a page or a run: what was read or ticked there is shown."""
        if self.is_mounted:
            self.show_rows()

    def on_resize(self, event: object) -> None:
        """Two columns, and each item's second line, where there is room."""
        super().on_resize(event)  # type: ignore[arg-type]
        wide, tall = self.app.size.width >= WIDE, self.app.size.height >= 38
        self.query_one(PlanList).summaries = wide and tall
        self.query_one(PlanDetail).column = wide
        self._show_detail(self.query_one(PlanList).current)

    # ---- what is shown -----------------------------------------------------------------------------------------

    def speak(self) -> None:
        """Everything in the language in use."""
        self.header.title = Content.assemble(("ptlearn", STRONG), "   ", (t("Learning plan"), MUTED))
        self.show_status()
        self.show_rows()
        self.show_hints()

    def show_status(self) -> None:
        """While torch loads, the seconds; then what there is to work with."""
        self.header.status = torch_words(self.dashboard)

    def show_rows(self) -> None:
        """Read the store and lay the plan out anew."""
        progress, plan = self.dashboard.progress, self.dashboard.plan
        try:
            done, read, place = progress.ticked(), progress.pages_read(), progress.setting("place")
            standings = practice.standings(progress.attempts())
        except sqlite3.Error:  # another shell is writing; the next look shows it
            if self.query_one(PlanList).rows:
                return
            done, read, place, standings = frozenset(), frozenset(), None, {}
        first = not done and not read and place is None
        passed = frozenset(what for what, each in standings.items() if each.passed)
        back = practice.come_back(plan, standings, practice.today(progress))
        rows: list[Row] = [self._go_on(read | passed, place)]
        rows += [Today(len(back), sum(each.minutes for each in back))] if back else []
        rows += self._live
        for item in plan.items:
            pages_read = sum(page.key in read for page in item.pages)
            works = first and item.id == "setup" and self.dashboard.torch_state == "ready"
            count = sum(each.key in passed for each in item.exercises)
            rows.append(ItemRow(item, item.id in done, pages_read, count, works))
        listing, detail = self.query_one(PlanList), self.query_one(PlanDetail)
        listing.first = first
        listing.rows = tuple(rows)
        self.show_hints()
        detail.read = read | passed
        detail.notes = self._first_notes() if first else ()
        self._show_detail(listing.current)

    def _go_on(self, read: frozenset[str], place: str | None) -> GoOn:
        """The page that was open last, or the one after it if it was read to its end."""
        plan = self.dashboard.plan
        page = plan.page(place) if place else None
        if page is not None and page.key in read:
            page = plan.neighbours(page)[1] or page
        if page is None:
            started = any(each.key in read for item in plan.items for each in item.pages)
            page = plan.items[0].pages[0] if started else plan.start
        if page is plan.start:
            return GoOn(page, page.title, first=True)
        return GoOn(page, " › ".join(plan.crumbs(page)), first=False)

    def _first_notes(self) -> tuple[Content, ...]:
        """The only screen that explains itself, once."""
        found = ["torch " + (self.dashboard.server.torch_version or "")] if self._torch_ready else []
        if self.dashboard.devices:
            found.append(self.dashboard.devices)
        if self.dashboard.found_data:
            found.append(self.dashboard.found_data)
        notes = [Content(t("Nothing is locked: open any item, tick what you know already."))]
        if found:
            notes.append(Content.styled(t("Found: {things}", things=", ".join(found)), MUTED))
        notes.append(Content.styled(t("Your own notes open too:  ptlearn-tui open notes.md"), MUTED))
        return tuple(notes)

    @property
    def _torch_ready(self) -> bool:
        return self.dashboard.torch_state == "ready"

    def _show_detail(self, row: Row) -> None:
        detail, plan = self.query_one(PlanDetail), self.dashboard.plan
        match row:
            case ItemRow(item=item):
                detail.item = item
            case GoOn(page=page) if page.number:
                detail.item = plan.item(page.plan_id)
            case _:
                detail.item = plan.items[0] if detail.column else None

    def hints(self) -> tuple[Hint, ...]:
        """Seven at most, where there is room."""
        rows = self.query_one(PlanList).rows
        return (
            Hint("enter", t("open"), "open"),
            Hint("space", t("tick"), "tick"),
            *([Hint("d", t("today"), "today")] if any(isinstance(row, Today) for row in rows) else []),
            Hint("e", t("exercises"), "exercises"),
            Hint("w", t("runs"), "runs"),
            Hint("/", t("search"), "app.search"),
            Hint("q", t("quit") if self.app.screen_stack[0] is self else t("back"), "app.leave"),
        )

    # ---- what is done ------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """The footer's enter."""
        self.query_one(PlanList).action_open()

    def action_tick(self) -> None:
        """The footer's space."""
        self.query_one(PlanList).action_tick()

    def action_move(self) -> None:
        """The footer's arrows."""
        self.query_one(PlanList).action_move(1)

    def action_into_detail(self) -> None:
        """The column beside, where there is one."""
        if self.query_one(PlanDetail).can_focus:
            self.query_one(PlanDetail).focus()

    def action_runs(self) -> None:
        """The list of training runs."""
        from ptlearn_tui.tui.screens.runs import RunsScreen

        self.app.push_screen(RunsScreen())

    def action_today(self) -> None:
        """What comes back."""
        from ptlearn_tui.tui.screens.today import TodayScreen

        self.app.push_screen(TodayScreen())

    def action_exercises(self) -> None:
        """Of the item in focus, the first that was not passed."""
        item, read = self.query_one(PlanDetail).item, self.query_one(PlanDetail).read
        if item is None or not item.exercises:
            self.dashboard.say(t("there are no exercises here yet"))
            return
        self.dashboard.open_page(next((each for each in item.exercises if each.key not in read), item.exercises[0]))

    def action_sheet(self) -> None:
        """The cheat sheet of the item in focus."""
        item = self.query_one(PlanDetail).item
        if item is None or item.sheet is None:
            self.dashboard.say(t("there is no cheat sheet here yet"))
            return
        self.dashboard.open_page(item.sheet)

    def action_glossary(self) -> None:
        """Every term, in both languages."""
        if self.dashboard.plan.glossary is not None:
            self.dashboard.open_page(self.dashboard.plan.glossary)

    @on(PlanList.Moved)
    def _moved(self, message: PlanList.Moved) -> None:
        self._show_detail(message.row)

    @on(PlanList.Opened)
    def _opened(self, message: PlanList.Opened) -> None:
        match message.row:
            case GoOn(page=page):
                self.dashboard.open_page(page)
            case Live(id=run):
                self.dashboard.open_run(run)
            case Today():
                self.action_today()
            case ItemRow(item=item):
                self.dashboard.open_item(item)

    @on(PlanDetail.Opened)
    def _page_opened(self, message: PlanDetail.Opened) -> None:
        self.dashboard.open_page(message.page)

    @on(PlanList.Ticked)
    def _ticked(self, message: PlanList.Ticked) -> None:
        self.keep_tick(message.row)

    @work(group="store", exit_on_error=False, description="keep a tick")
    async def keep_tick(self, row: ItemRow) -> None:
        """Shown once it is on disk, not before. A task of its own: another shell may hold the store for seconds."""
        await self.dashboard.writer.keep(
            partial(self.dashboard.progress.tick, row.item.id, done=not row.done),
            lambda why: t("the tick could not be kept: {why}", why=why),
        )
        self.show_rows()

    @work(thread=True, group="runs", exclusive=True, exit_on_error=False, description="look for runs")
    def look_for_runs(self) -> None:
        """Which runs are live: a look at a few files, in a thread since homes may be slow."""
        from ptlearn_tui.runs.listing import summaries

        live = tuple(
            Live(run.id, run_words(run), t("paused") if run.status == "paused" else "")
            for run in summaries()
            if run.status in ("running", "paused")
        )
        self.post_message(RunsFound(live))

    @on(RunsFound)
    def _runs_found(self, message: RunsFound) -> None:
        if message.live != self._live:
            self._live = message.live
            self.show_rows()


def run_words(run: Summary) -> str:
    """How far a run is: `epoch 3 of 5   97.2 %`."""
    words = t("epoch {n} of {total}", n=min(run.epoch + 1, run.epochs), total=run.epochs)
    return f"{words}   {100 * run.accuracy:.1f} %" if run.accuracy is not None else words


def torch_words(dashboard: Dashboard) -> Content:
    """While torch loads, the seconds; then what there is to work with."""
    match dashboard.torch_state:
        case "loading":
            seconds = int(time.monotonic() - dashboard.started)
            return Content.styled(t("torch is loading, {n} s", n=seconds), MUTED)
        case "ready":
            version = dashboard.server.torch_version or ""
            words = "torch " + ".".join(version.split("+")[0].split(".")[:2])
            if dashboard.devices:
                words += f" · {dashboard.devices}"
            return Content.assemble((words, MUTED), "   ", (tick(), GOOD))
    return Content.styled(t("torch does not load: ptlearn-tui doctor"), BAD)
