"""The plan's rows: where to go on, what is live, and the seven items with their progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.tui.glyphs import FOCUS, HERE
from ptlearn_tui.tui.text import fit, spread
from ptlearn_tui.tui.theme import ACCENT, FAINT, GOOD, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Click

    from ptlearn_tui.course.plan import Item, PageEntry


class GoOn(NamedTuple):
    """The row that resumes: the page to open."""

    page: PageEntry
    crumb: str  # "Autograd › 3 Backward from a scalar"
    first: bool  # nothing was done yet: it says Start


class Live(NamedTuple):
    """A training run that is going on."""

    id: str
    text: str  # "epoch 14 of 30   91.3 %"
    left: str  # "6:40 left"


class Today(NamedTuple):
    """What comes back: questions and exercises that were missed."""

    back: int
    minutes: int


class ItemRow(NamedTuple):
    """One item of the plan and how far it is."""

    item: Item
    done: bool
    pages_read: int
    passed: int = 0  # of its exercises
    works_here: bool = False  # setup: torch was found to work, so it may be ticked


Row = GoOn | Today | Live | ItemRow


class PlanList(Lines, can_focus=True):
    """Focus starts on the first row, so that enter alone resumes."""

    DEFAULT_CSS = "PlanList { height: auto; }"

    BINDINGS: ClassVar = [
        Binding("down,j", "move(1)", "move", show=False),
        Binding("up,k", "move(-1)", "move", show=False),
        Binding("home", "move(-99)", show=False),
        Binding("end", "move(99)", show=False),
        Binding("enter", "open", "open", show=False),
        Binding("space", "tick", "tick or untick", show=False),
    ]

    rows: reactive[tuple[Row, ...]] = reactive(())
    cursor: reactive[int] = reactive(0)
    summaries: reactive[bool] = reactive(False)  # each item's second line
    first: reactive[bool] = reactive(False)  # nothing was done yet

    class Opened(Message):
        """Enter, or a click on the row that has the focus."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Ticked(Message):
        """Space on an item."""

        def __init__(self, row: ItemRow) -> None:
            super().__init__()
            self.row = row

    class Moved(Message):
        """Another row has the focus."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    @property
    def current(self) -> Row:
        """The row in focus."""
        return self.rows[min(self.cursor, len(self.rows) - 1)]

    def watch_rows(self, before: tuple[Row, ...], now: tuple[Row, ...]) -> None:
        """Keep the focus on the same thing when a row appears or goes above it."""
        if before and now:
            kept = _name(before[min(self.cursor, len(before) - 1)])
            names = [_name(row) for row in now]
            self.set_reactive(PlanList.cursor, names.index(kept) if kept in names else 0)
        self.changed()

    def watch_cursor(self) -> None:
        """Say what is in focus."""
        self.changed()
        if self.rows:
            self.post_message(self.Moved(self.current))

    def watch_summaries(self) -> None:
        """The screen grew or shrank."""
        self.changed()

    def action_move(self, step: int) -> None:
        """Up or down a row."""
        self.cursor = max(0, min(len(self.rows) - 1, self.cursor + step))

    def action_open(self) -> None:
        """Go where the row leads."""
        self.post_message(self.Opened(self.current))

    def action_tick(self) -> None:
        """Only items have boxes."""
        if isinstance(self.current, ItemRow):
            self.post_message(self.Ticked(self.current))

    def on_click(self, event: Click) -> None:
        """The first click moves, the second opens; a click on the box ticks."""
        for index, line in enumerate(self._row_lines):
            if line is not None and event.y == index:
                row = self.rows[line]
                if isinstance(row, ItemRow) and 3 <= event.x <= 5:
                    self.cursor = line
                    self.post_message(self.Ticked(row))
                elif line == self.cursor:
                    self.action_open()
                else:
                    self.cursor = line

    # ---- drawing -----------------------------------------------------------------------------------------------

    def lay(self, width: int) -> list[Content]:
        """A blank line, the rows above, the count, and the items."""
        lines: list[Content] = [Content()]
        self._row_lines: list[int | None] = [None]

        def add(line: Content, row: int | None = None) -> None:
            mark = ((FOCUS if self.has_focus else HERE), ACCENT) if row == self.cursor and row is not None else " "
            lines.append(Content.assemble(mark, "  ", line))
            self._row_lines.append(row)

        inner = width - 6
        for index, row in enumerate(self.rows):
            if isinstance(row, ItemRow):
                continue
            add(self._above(row, inner), index)
            if self.summaries and isinstance(row, GoOn) and len(self.rows) > 8:
                add(Content())
        add(Content())
        if self.summaries:
            add(Content())
        add(self._count(inner))
        add(Content())
        for index, row in enumerate(self.rows):
            if isinstance(row, ItemRow):
                add(self._item(row, inner, focused=index == self.cursor), index)
                if self.summaries:
                    add(Content.assemble("    ", (row.item.summary, MUTED)))
                    add(Content())
        return lines

    def _above(self, row: GoOn | Today | Live, width: int) -> Content:
        label = 10
        match row:
            case GoOn(page=page, crumb=crumb, first=first):
                name = t("Start") if first else t("Go on")
                left = Content.assemble((fit(name, label), STRONG), (crumb, STRONG))
                return spread(left, Content.styled(t("{n} min", n=page.minutes), MUTED), width)
            case Today(back=count, minutes=minutes):
                words = t("1 question comes back") if count == 1 else t("{n} questions come back", n=count)
                left = Content.assemble((fit(t("Today"), label), MUTED), words)
                return spread(left, Content.styled(t("{n} min", n=minutes), MUTED), width)
            case Live(id=run, text=text, left=left_over):
                left = Content.assemble((fit(t("Live"), label), MUTED), run, "   ", text)
                return spread(left, Content.styled(left_over, MUTED), width)

    def _count(self, width: int) -> Content:
        items = [row for row in self.rows if isinstance(row, ItemRow)]
        done = sum(row.done for row in items)
        pages = t("pages")
        left = Content.styled(t("{n} of {total} done", n=done, total=len(items)), STRONG)
        right = pages
        if self._exercises:
            gap = 9 - cell_len(t("exercises")) + 2
            right = pages + " " * max(2, gap) + t("exercises")
        return spread(left, Content.styled(right, MUTED), width)

    @property
    def _exercises(self) -> bool:
        return any(isinstance(row, ItemRow) and row.item.exercises for row in self.rows)

    def _item(self, row: ItemRow, width: int, *, focused: bool) -> Content:
        box = ("[x]", GOOD) if row.done else ("[ ]", MUTED)
        title_width = 33
        title = (fit(row.item.title, title_width), STRONG if focused else "")
        total = len(row.item.pages)
        tail = 20 if self._exercises else 9
        bar_width = max(8, width - 4 - title_width - 1 - tail)
        if row.works_here:
            bar = Content.styled(fit(t("works here: tick it?"), bar_width), GOOD)
        else:
            filled = bar_width if row.done else round(bar_width * row.pages_read / max(total, 1))
            bar = Content.assemble(("━" * filled, GOOD if row.done else ACCENT), ("─" * (bar_width - filled), FAINT))
        if self.first:
            counts = Content.styled(f"{total:>{9}}", MUTED)
            if row.item.exercises:
                counts += Content.styled(f"{len(row.item.exercises):>11}", MUTED)
        else:
            counts = Content.assemble(f"{row.pages_read:>6}", (f"/{total:<2}", MUTED))
            if row.item.exercises:
                counts += Content.assemble(f"{row.passed:>8}", (f"/{len(row.item.exercises):<2}", MUTED))
        return Content.assemble(box, " ", title, " ", bar, counts)


def _name(row: Row) -> str:
    match row:
        case GoOn():
            return "go on"
        case Today():
            return "today"
        case Live(id=run):
            return f"run {run}"
        case ItemRow(item=item):
            return item.id
