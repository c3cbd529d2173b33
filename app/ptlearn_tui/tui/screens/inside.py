"""A look inside a run: what its layers give for a few images, its parameters with their gradients, the loss's graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.tui.screens.base import WIDE, BaseScreen
from ptlearn_tui.tui.text import thousands
from ptlearn_tui.tui.theme import MUTED
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint, crumbs
from ptlearn_tui.tui.widgets.graph_panel import GraphBody
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.tensor_panel import TensorBody

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from ptlearn_tui.tui.run_view import Inside


class Waiting(Lines):
    """Until the run has answered."""

    def lay(self, width: int) -> list[Content]:
        """It does so between two steps."""
        return [Content(), Content.styled("   " + t("the run looks inside after this step"), MUTED)]


class InsideScreen(BaseScreen):
    """The panels of a lesson, over what the run has told; in a narrow window one of them, and tab goes to the other."""

    DEFAULT_CSS = """
    InsideScreen Horizontal { height: 1fr; }
    InsideScreen #panel-graph { margin: 0 0 0 2; }
    InsideScreen.-narrow #panel-graph { margin: 0; }
    """
    BINDINGS: ClassVar = [
        Binding("i,escape", "app.leave", "back to the curve", show=False),
        Binding("r", "again", "look again", show=False),
        Binding("tab,shift+tab", "other", "the other panel", show=False),
    ]

    def __init__(self, run: str, inside: Inside | None, again: Callable[[], None]) -> None:
        """`again` asks the run; `show` is called with what it tells."""
        super().__init__()
        self.run_id = run
        self._inside = inside
        self._again = again

    def compose(self) -> ComposeResult:
        """Tensors, then the graph."""
        yield Header()
        yield Waiting()
        with Horizontal():
            yield Panel(2, "tensors", TensorBody(live=False))
            yield Panel(3, "graph", GraphBody(placed=False))
        yield Footer()

    def on_mount(self) -> None:
        """The last look, until a newer one comes."""
        super().on_mount()
        self.show(self._inside)
        self._panels[0].focus()

    def on_resize(self, event: object) -> None:
        """One panel or two."""
        super().on_resize(event)  # type: ignore[arg-type]
        self._arrange()

    @property
    def _panels(self) -> tuple[Panel, Panel]:
        return self.query_one("#panel-tensors", Panel), self.query_one("#panel-graph", Panel)

    def _arrange(self) -> None:
        for panel in self._panels:
            open_ = self.app.size.width >= WIDE or panel is (self.focused or self._panels[0])
            panel.set_class(self._inside is not None and open_, "-open")
        self.query_one(Waiting).display = self._inside is None

    def show(self, inside: Inside | None) -> None:
        """What the run has told."""
        self._inside = inside
        for panel in self._panels:
            panel.show_record(inside.record if inside is not None else None)
        self._arrange()
        self.speak()

    def speak(self) -> None:
        """In the language in use."""
        self.show_status()
        self.show_hints()

    def show_status(self) -> None:
        """Of which step it is."""
        self.header.title = crumbs(self.run_id, t("inside"))
        step = t("step {n}", n=thousands(self._inside.step)) if self._inside is not None else ""
        self.header.status = Content.styled(step, MUTED)

    def hints(self) -> tuple[Hint, ...]:
        """A card may be open; until the run has answered, there is only the way back."""
        back = Hint("i", t("curve"), "app.leave")
        if self._inside is None:
            return (back,)
        body = self.focused.body if isinstance(self.focused, Panel) else None
        if isinstance(body, TensorBody) and body.opened is not None:
            return Hint("↑ ↓", t("scroll"), ""), Hint("esc", t("close the card"), "focused.close")
        opens = (Hint("enter", t("open"), "focused.enter"),) if isinstance(body, TensorBody) else ()
        other = t("Graph") if isinstance(body, TensorBody) else t("Tensors")
        return (*opens, Hint("tab", other, "other"), Hint("r", t("look again"), "again"), back)

    def action_other(self) -> None:
        """Tensors, or the graph."""
        tensors, graph = self._panels
        other = tensors if self.focused is graph else graph
        other.add_class("-open")  # what is not in sight can't have the keys
        self.set_focus(other)
        self._arrange()

    def action_again(self) -> None:
        """The run goes on, and so do its numbers."""
        self._again()

    @on(TensorBody.Turned)
    def _turned(self) -> None:
        self.show_hints()
