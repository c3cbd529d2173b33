"""What the panels have in common: they show one cell's record, and say what to do when it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from ptlearn_tui.locale import t
from ptlearn_tui.tui.glyphs import FOCUS
from ptlearn_tui.tui.text import spread, wrap
from ptlearn_tui.tui.theme import ACCENT, MUTED
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from ptlearn_tui.tui.record import Record


class PanelBody(Lines):
    """The lines of a panel. Subclasses lay out `record`; `empty` is what they say when there is nothing."""

    DEFAULT_CSS = "PanelBody { height: auto; min-height: 1; }"

    marks_itself = False  # draws the bar where the keys go, and says whose cell it shows, by itself

    def __init__(self) -> None:
        super().__init__()
        self.record: Record | None = None
        self.of_cell: int | None = None  # 0-based; where it is not the cell that the other panels show

    @property
    def focused_panel(self) -> bool:
        """Whether the panel around this has the keys."""
        return bool(self.parent and getattr(self.parent, "has_focus", False))

    def empty(self) -> str:
        """What fills this panel, with its key."""
        raise NotImplementedError

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """The record's lines; none where it has nothing for this panel."""
        raise NotImplementedError

    def lay(self, width: int) -> list[Content]:
        """The record, or the way to one."""
        lines = self.lay_record(self.record, width) if self.record is not None else []
        if lines and self.of_cell is not None and not self.marks_itself:
            lines = [spread(Content(), Content.styled(t("cell {n}", n=self.of_cell + 1) + "  ", MUTED), width), *lines]
        if not lines:
            lines = [Content.assemble("   ", line) for line in wrap(Content.styled(self.empty(), MUTED), width - 6)]
        if self.focused_panel and not self.marks_itself:
            lines = [Content.assemble((FOCUS, ACCENT), line[1:] if line else "") for line in lines]
        return lines


class Panel(VerticalScroll, can_focus=True):
    """A scrolling frame around a body; the arrows are the body's where it wants them."""

    DEFAULT_CSS = """
    Panel { height: 1fr; width: 1fr; display: none; padding: 1 0 0 0; }
    Panel.-open { display: block; }
    """
    BINDINGS: ClassVar = [
        Binding("enter", "enter", "graph: show the line; tensors: open a card; plot: open the run", show=False),
        Binding("down,j", "step(1)", "walk or scroll", show=False),
        Binding("up,k", "step(-1)", "walk or scroll", show=False),
        Binding("right", "turn(1)", "walk; in an open card: another slice", show=False),
        Binding("left", "turn(-1)", "walk; in an open card: another slice", show=False),
        Binding("comma", "choose(-1)", "an open card: another dimension; graph: another variable's", show=False),
        Binding("full_stop", "choose(1)", "an open card: another dimension; graph: another variable's", show=False),
        Binding("x", "all_values", "an open card: statistics of all values", show=False),
        Binding("escape", "close", "close the card", show=False),
    ]

    class Entered(Message):
        """Enter: what that does depends on the panel."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, number: int, name: str, body: PanelBody) -> None:
        super().__init__(body, id=f"panel-{name}")
        self.number = number
        self.body = body

    def watch_has_focus(self, focused: bool) -> None:
        """The body draws the bar."""
        super().watch_has_focus(focused)
        self.body.changed()

    def on_resize(self) -> None:
        """A plot is as high as its panel."""
        self.body.changed()

    def show_record(self, record: Record | None, of_cell: int | None = None) -> None:
        """Another cell, or the same one with more in it."""
        self.body.record = record
        self.body.of_cell = of_cell
        self.body.changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some keys are there only while a card is open in full."""
        if action == "choose":
            return getattr(self.body, "choices", 0) > 1
        if action in ("all_values", "close"):
            return getattr(self.body, "opened", None) is not None
        return True

    def action_enter(self) -> None:
        """The body's, or the screen knows what belongs to the current line."""
        enter = getattr(self.body, "enter", None)
        if enter is not None:
            enter()
        else:
            self.post_message(self.Entered(self.number))

    def action_turn(self, step: int) -> None:
        """As a step, unless the body has something to turn."""
        turn = getattr(self.body, "turn", None)
        if turn is None or not turn(step):
            self.action_step(step)

    def action_choose(self, step: int) -> None:
        """What the arrows turn."""
        self.body.choose(step)  # type: ignore[attr-defined]

    def action_all_values(self) -> None:
        """Statistics of all of them."""
        self.body.all_values()  # type: ignore[attr-defined]

    def action_close(self) -> None:
        """Back to all cards."""
        self.body.close()  # type: ignore[attr-defined]

    def action_step(self, step: int) -> None:
        """Scroll, unless the body has lines that can be walked."""
        walk = getattr(self.body, "walk_lines", None)
        if walk is None:
            self.scroll_relative(y=step, animate=False)
        else:
            walk(step)
