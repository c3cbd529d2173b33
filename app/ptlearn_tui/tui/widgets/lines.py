"""The base of everything drawn here: a widget that lays itself out as a list of lines for a width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.geometry import Size


Row: TypeAlias = Content | Callable[[], Content]
"""A line, or what makes it when it is drawn."""


class Lines(Widget):
    """Subclasses say what stands in each line; only lines in sight are ever drawn.

    Laid out once for a width; call `changed()` when what `lay` reads is different.
    """

    DEFAULT_CSS = "Lines { height: auto; width: 1fr; }"
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._laid: tuple[int, Sequence[Row]] | None = None
        self._strips: dict[int, Strip] = {}

    @property
    def bar(self) -> tuple[str, str] | None:
        """What the first cell of every line shows, in which style; None where the lines have all the room."""
        return None

    def lay(self, width: int) -> Sequence[Row]:
        """The lines, each at most `width` cells."""
        raise NotImplementedError

    def lines(self, width: int) -> Sequence[Row]:
        """`lay`, remembered; without the bar."""
        if self._laid is None or self._laid[0] != width:
            self._laid = (width, self.lay(width - (self.bar is not None)))
            self._strips.clear()
        return self._laid[1]

    def changed(self) -> None:
        """What is drawn is out of date; the height may be too."""
        before = len(self._laid[1]) if self._laid else -1
        self._laid = None
        self._strips.clear()
        if not self.is_mounted:
            return
        same = self.size.width and len(self.lines(self.size.width)) == before
        self.refresh(layout=not same)

    def watch_has_focus(self, focused: bool) -> None:
        """The bar at the left says where the keys go."""
        super().watch_has_focus(focused)
        if self.can_focus:
            self.changed()

    def notify_style_update(self) -> None:
        """A theme or class change: the same lines in other colours."""
        self._strips.clear()
        super().notify_style_update()

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as it is allowed to be."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line each."""
        return len(self.lines(width))

    def render(self) -> Content:
        """Never used for drawing (see `render_line`); for those who ask what is shown."""
        return Content("\n").join(map(self._whole, self.lines(self.size.width or 80)))

    def _whole(self, row: Row) -> Content:
        line = row if isinstance(row, Content) else row()
        return Content.assemble(self.bar, line) if self.bar else line

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        base = self.visual_style
        lines = self.lines(width)
        if y >= len(lines):
            return Strip.blank(width, base.rich_style)
        strip = self._strips.get(y)
        if strip is None:
            parse = self.app.stylesheet.parse_style
            pieces = self._whole(lines[y]).render(base, end="", parse_style=parse)
            segments = [Segment(text, style.rich_style) for text, style in pieces]
            strip = Strip(segments).adjust_cell_length(width, base.rich_style)
            self._strips[y] = strip
        return strip
