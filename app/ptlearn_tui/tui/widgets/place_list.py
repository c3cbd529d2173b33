"""Places to go: what comes back today, what a search has found."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive

from ptlearn_tui.tui.glyphs import FOCUS, HERE
from ptlearn_tui.tui.text import spread
from ptlearn_tui.tui.theme import ACCENT, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Click

    from ptlearn_tui.course.plan import PageEntry


class Place(NamedTuple):
    """A row, or two."""

    entry: PageEntry
    anchor: str  # what to look for on it: a cell's id, or words
    title: str
    right: str = ""  # muted, at the far end
    below: Content | None = None  # a second line


class PlaceList(Lines, can_focus=True):
    """Enter goes there."""

    BINDINGS: ClassVar = [
        Binding("down,j", "move(1)", "move", show=False),
        Binding("up,k", "move(-1)", "move", show=False),
        Binding("pagedown", "move(8)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("enter", "open", "open", show=False),
    ]

    places: reactive[tuple[Place, ...]] = reactive((), init=False)
    cursor: reactive[int] = reactive(0, init=False)
    empty: reactive[str] = reactive("", init=False)  # what is said where there is nothing

    class Opened(Message):
        """Enter, or a click on the row that has the focus."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def watch_places(self) -> None:
        """Others were found: the first is in focus."""
        self.set_reactive(PlaceList.cursor, 0)
        self.changed()

    def watch_empty(self) -> None:
        """Another reason."""
        self.changed()

    def watch_cursor(self) -> None:
        """Another row, in sight."""
        self.changed()
        y = next((y for y, row in enumerate(self._row_at) if row == self.cursor), 0)
        if self.parent is not None and hasattr(self.parent, "scroll_to_region"):
            self.parent.scroll_to_region(Region(0, y, 1, 3), animate=False)

    def action_move(self, step: int) -> None:
        """Up or down."""
        self.cursor = max(0, min(len(self.places) - 1, self.cursor + step))

    def action_open(self) -> None:
        """Go there."""
        if self.places:
            self.post_message(self.Opened(self.places[self.cursor]))

    def on_click(self, event: Click) -> None:
        """The first click moves, the second opens."""
        row = self._row_at[event.y] if event.y < len(self._row_at) else None
        if row == self.cursor:
            self.action_open()
        elif row is not None:
            self.cursor = row

    _row_at: list[int | None]

    def lay(self, width: int) -> list[Content]:
        """Rows, or why there are none."""
        self._row_at = []
        if not self.places:
            return [Content.styled("   " + self.empty, MUTED)] if self.empty else []
        lines: list[Content] = []
        for at, place in enumerate(self.places):
            here = at == self.cursor
            mark = ((FOCUS if self.has_focus else HERE) if here else " ", ACCENT)
            title = Content.styled(place.title, STRONG if here else "")
            lines.append(
                Content.assemble(mark, "  ", spread(title, Content.styled(place.right, MUTED), min(width, 110) - 6))
            )
            self._row_at.append(at)
            if place.below is not None:
                lines.append(Content.assemble("     ", place.below.truncate(width - 8, ellipsis=True)))
                self._row_at.append(at)
        return lines
