"""What notes hold: where to go on, their plan with its boxes, their pages; and the way to the course."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.glyphs import FOCUS, HERE, tick
from ptlearn_tui.tui.text import fit, spread
from ptlearn_tui.tui.theme import ACCENT, GOOD, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Click

    from ptlearn_tui.course.notes.plan import Entry
    from ptlearn_tui.course.plan import Item, PageEntry
    from ptlearn_tui.tui.widgets.lines import Row

MOST_WIDE = 92  # cells: a count at the far end of a wide window belongs to no title


class GoOn(NamedTuple):
    """The page that was open last, or the first."""

    page: PageEntry
    first: bool


class TaskRow(NamedTuple):
    """A box of the plan, and what it leads to: a page of the same title here, an item of the course."""

    entry: Entry
    done: bool
    page: PageEntry | None
    item: Item | None


class PageRow(NamedTuple):
    """A page, and what it stands under where that is another heading than the page before does."""

    page: PageEntry
    under: str
    cells: int
    read: bool


class CourseRow(NamedTuple):
    """The course that comes with the program."""


NotesRow = GoOn | TaskRow | PageRow | CourseRow


class NotesList(Lines, can_focus=True):
    """Rows as of a plan; only those in sight are drawn, for notes may have ten thousand headings."""

    BINDINGS: ClassVar = [
        Binding("down,j", "move(1)", "move", show=False),
        Binding("up,k", "move(-1)", "move", show=False),
        Binding("pagedown", "move(15)", show=False),
        Binding("pageup", "move(-15)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "open", "open", show=False),
        Binding("space", "tick", "tick or untick", show=False),
        Binding("c", "course", "the course's lesson on it", show=False),
    ]

    rows: reactive[tuple[NotesRow, ...]] = reactive((), init=False)
    remarks: reactive[tuple[str, ...]] = reactive((), init=False)  # what is to be said of the files
    cursor: reactive[int] = reactive(0, init=False)

    class Asked(Message):
        """Something is wanted of a row."""

        def __init__(self, row: NotesRow) -> None:
            super().__init__()
            self.row = row

    class Opened(Asked):
        """Enter, or a click on the row that has the focus."""

    class Ticked(Asked):
        """Space on a box."""

    class Course(Asked):
        """The course's lesson on the same."""

    class Moved(Asked):
        """Another row has the focus."""

    @property
    def current(self) -> NotesRow | None:
        """The row in focus."""
        return self.rows[min(self.cursor, len(self.rows) - 1)] if self.rows else None

    def watch_rows(self, before: tuple[NotesRow, ...], now: tuple[NotesRow, ...]) -> None:
        """The focus stays on the same thing."""
        if before and now:
            kept = _name(before[min(self.cursor, len(before) - 1)])
            at = next((at for at, row in enumerate(now) if _name(row) == kept), min(self.cursor, len(now) - 1))
            self.set_reactive(NotesList.cursor, at)
        self.changed()

    def watch_remarks(self) -> None:
        """Below the rows."""
        self.changed()

    def watch_cursor(self) -> None:
        """Another row, in sight."""
        self.changed()
        if self.current is not None:
            self.post_message(self.Moved(self.current))
        self.call_after_refresh(self._keep_in_sight)

    def _keep_in_sight(self) -> None:
        y = next((y for y, row in enumerate(self._row_at) if row == self.cursor), 0)
        if self.parent is not None and hasattr(self.parent, "scroll_to_region"):
            top = 0 if not self.cursor else max(0, y - 1)
            self.parent.scroll_to_region(Region(0, top, 1, y - top + 2), animate=False)

    def action_move(self, step: int) -> None:
        """Up or down."""
        self.cursor = max(0, min(len(self.rows) - 1, self.cursor + step))

    def action_open(self) -> None:
        """Go where the row leads."""
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    def action_tick(self) -> None:
        """Only tasks have boxes."""
        if isinstance(self.current, TaskRow):
            self.post_message(self.Ticked(self.current))

    def action_course(self) -> None:
        """Where the course has it too."""
        if self.current is not None:
            self.post_message(self.Course(self.current))

    def on_click(self, event: Click) -> None:
        """The first click moves, the second opens; a click on the box ticks."""
        row = self._row_at[event.y] if event.y < len(self._row_at) else None
        if row is None:
            return
        if isinstance(self.rows[row], TaskRow) and 3 <= event.x <= 5:
            self.cursor = row
            self.action_tick()
        elif row == self.cursor:
            self.action_open()
        else:
            self.cursor = row

    # ---- drawing -----------------------------------------------------------------------------------------------

    _row_at: list[int | None]

    def lay(self, width: int) -> list[Row]:
        """Go on; the plan; the pages; the course; what is to be said."""
        lines: list[Row] = [Content()]
        self._row_at = [None]
        inner = min(width, MOST_WIDE) - 6

        def add(line: Row, row: int | None = None) -> None:
            lines.append(line)
            self._row_at.append(row)

        def head(left: Content, right: Content) -> None:
            add(Content())
            add(Content.assemble("   ", spread(left, right, inner)))
            add(Content())

        before: type | None = None
        for at, row in enumerate(self.rows):
            if type(row) is not before:
                if isinstance(row, TaskRow):
                    tasks = [each for each in self.rows if isinstance(each, TaskRow)]
                    done = t("{n} of {total} done", n=sum(each.done for each in tasks), total=len(tasks))
                    head(Content.styled(done, STRONG), Content())
                elif isinstance(row, PageRow):
                    head(Content.styled(t("Pages"), STRONG), Content.styled(t("cells") + "   " + t("min"), MUTED))
                elif isinstance(row, CourseRow):
                    add(Content())
                before = type(row)
            if isinstance(row, PageRow) and row.under:
                add(Content.styled("   " + fit(safe(row.under), inner).rstrip(), MUTED))
            add(partial(self._row, row, at, inner), at)
        if self.remarks:
            add(Content())
        for remark in self.remarks:
            add(Content.assemble("   ", (safe(remark), MUTED)).truncate(width - 3, ellipsis=True))
        return lines

    def _row(self, row: NotesRow, at: int, width: int) -> Content:
        here = at == self.cursor
        mark = ((FOCUS if self.has_focus else HERE) if here else " ", ACCENT)
        return Content.assemble(mark, "  ", self._words(row, width, STRONG if here else ""))

    def _words(self, row: NotesRow, width: int, style: str) -> Content:
        match row:
            case GoOn(page=page, first=first):
                name = t("Start") if first else t("Go on")
                left = Content.assemble((fit(name, 10), STRONG), (safe(page.title), STRONG))
                return spread(left, Content.styled(t("{n} min", n=page.minutes), MUTED), width)
            case TaskRow(entry=entry, done=done, page=page, item=item):
                task = entry.task
                box = ("[x]", GOOD) if done else ("[ ]", MUTED)
                left = Content.assemble("  " * min(task.depth, 8), box, " ", (safe(task.title), style))
                leads = t("course › {title}", title=item.title) if item else ""
                if page is not None:
                    leads = f"› {page.number} {safe(page.title)}"
                return spread(left, Content.styled(leads, MUTED), width)
            case PageRow(page=page, cells=cells, read=read):
                number = Content.assemble((tick() if read else " ", GOOD), (f"{page.number:>4}  ", MUTED))
                counts = Content.styled(f"{cells or '':>5}{page.minutes:>6}", MUTED)
                return spread(Content.assemble(number, (safe(page.title), style)), counts, width)
            case _:
                label = fit(t("Course"), 10)
                return Content.assemble((label, MUTED), (t("the learning plan that comes with this"), style))


def _name(row: NotesRow) -> str:
    match row:
        case GoOn():
            return "go on"
        case TaskRow(entry=entry):
            return f"task {entry.key}"
        case PageRow(page=page):
            return f"page {page.key}"
        case _:
            return "course"
