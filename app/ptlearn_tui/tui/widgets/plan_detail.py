"""What the item in focus holds: a few lines below the plan, or its pages in a column beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.tui.glyphs import FOCUS, POINTER, tick
from ptlearn_tui.tui.text import fit, wrap
from ptlearn_tui.tui.theme import ACCENT, FAINT, GOOD, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Click

    from ptlearn_tui.course.plan import Item, PageEntry


class PlanDetail(Lines, can_focus=True):
    """As a column it can have the keys: arrows choose a page, enter opens it, ← goes back."""

    BINDINGS: ClassVar = [
        Binding("down,j", "move(1)", "move", show=False),
        Binding("up,k", "move(-1)", "move", show=False),
        Binding("enter", "open", "open", show=False),
        Binding("left,escape", "screen.focus_previous", show=False),
    ]

    item: reactive[Item | None] = reactive(None)
    read: reactive[frozenset[str]] = reactive(frozenset())
    notes: reactive[tuple[Content, ...]] = reactive(())  # at the first start, instead: what was found here
    cursor: reactive[int] = reactive(0)
    column: reactive[bool] = reactive(False)

    class Opened(Message):
        """Enter or a click on a page."""

        def __init__(self, page: PageEntry) -> None:
            super().__init__()
            self.page = page

    @property
    def entries(self) -> tuple[PageEntry, ...]:
        """The pages, then the exercises."""
        return (*self.item.pages, *self.item.exercises) if self.item is not None else ()

    def watch_item(self) -> None:
        """Another item: start at the page that comes next in it."""
        following = self._next()
        if self.item is not None:
            self.set_reactive(PlanDetail.cursor, self.entries.index(following) if following else 0)
        self.changed()

    def watch_read(self) -> None:
        """A page was read."""
        self.changed()

    def watch_notes(self) -> None:
        """Something was found on this machine."""
        self.changed()

    def watch_cursor(self) -> None:
        """Another page is current."""
        self.changed()

    def watch_column(self) -> None:
        """Beside the plan or below it."""
        self.can_focus = self.column
        self.changed()

    def action_move(self, step: int) -> None:
        """Up or down a page, an exercise."""
        self.cursor = max(0, min(len(self.entries) - 1, self.cursor + step))

    def action_open(self) -> None:
        """Open it."""
        if self.entries:
            self.post_message(self.Opened(self.entries[self.cursor]))

    def on_click(self, event: Click) -> None:
        """A click opens what it is on."""
        if self.column and event.y in self._places:
            self.cursor = self._places[event.y]
            self.action_open()

    def _next(self) -> PageEntry | None:
        """The first page that was not read, then the first exercise that was not passed."""
        return next((entry for entry in self.entries if entry.key not in self.read), None)

    def _summary(self, item: Item) -> str:
        read = sum(page.key in self.read for page in item.pages)
        passed = sum(each.key in self.read for each in item.exercises)
        left = sum(entry.minutes for entry in self.entries if entry.key not in self.read)
        words = [t("{n} of {total} pages", n=read, total=len(item.pages))]
        if item.exercises:
            words.append(t("{n} of {total} exercises", n=passed, total=len(item.exercises)))
        return "  ".join([*words, t("{n} min", n=left) if left else t("all done")])

    _places: dict[int, int]  # lines of the column -> entries

    def lay(self, width: int) -> list[Content]:
        """The column, or the lines below."""
        if self.item is None:
            return [Content.assemble("   ", line) for note in self.notes for line in wrap(note, width - 6)]
        return self._as_column(self.item, width) if self.column else self._below(self.item, width)

    def _below(self, item: Item, width: int) -> list[Content]:
        lines = [
            Content.assemble("   ", ("─" * (width - 6), FAINT)),
            Content.assemble("   ", (item.title, STRONG), ("   " + self._summary(item), MUTED)),
        ]
        read = [page for page in item.pages if page.key in self.read]
        done = Content("   ").join(Content.assemble((tick(), GOOD), (" " + page.title, MUTED)) for page in read[-2:])
        unread = [entry for entry in self.entries if entry.key not in self.read]
        if read:
            lines.append(Content.assemble("   ", done))
        if unread:
            following = Content.assemble((POINTER, ACCENT), " ", (unread[0].title, STRONG))
            if len(unread) > 1:
                following += Content.styled("   " + t("then {title}", title=unread[1].title), MUTED)
            lines.append(Content.assemble("   ", following))
        return lines

    def _as_column(self, item: Item, width: int) -> list[Content]:
        lines = [
            Content(),
            Content.assemble("   ", (item.title, STRONG)),
            Content.assemble("   ", (self._summary(item), MUTED)),
            Content(),
        ]
        self._places = {}
        for place, entry in enumerate(self.entries):
            if place == len(item.pages):
                lines += [Content(), Content.assemble("   ", (t("Exercises"), STRONG)), Content()]
            self._places[len(lines)] = place
            lines.append(self._entry(place, entry, width))
        lines.append(Content())
        if item.sheet is not None:
            lines.append(Content.assemble("   ", ("c ", ACCENT), (t("cheat sheet"), MUTED)))
            lines.append(Content())
        lines += [Content.assemble("   ", line) for line in wrap(Content.styled(item.summary, MUTED), width - 5)]
        return lines

    def _entry(self, place: int, entry: PageEntry, width: int) -> Content:
        read, following = entry.key in self.read, self._next()
        here = self.has_focus and place == self.cursor
        mark = (tick(), GOOD) if read else (POINTER, ACCENT) if entry is following else (" ", "")
        style = STRONG if here or entry is following else MUTED if read else ""
        return Content.assemble(
            (FOCUS if here else " ", ACCENT),
            "  ",
            mark,
            (f"{entry.number:>3}  ", MUTED),
            (fit(entry.title, width - 11 - cell_len(mark[0])), style),
            (f"{entry.minutes:>2}", MUTED),
        )
