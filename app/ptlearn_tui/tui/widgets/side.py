"""The panels with their tabs: which are open, which have something new to draw, and when."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message

from ptlearn_tui.tui.screens.base import TALL, WIDE
from ptlearn_tui.tui.widgets.graph_panel import GraphBody
from ptlearn_tui.tui.widgets.module_panel import ModuleBody
from ptlearn_tui.tui.widgets.output_panel import OutputBody
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.plot_panel import PlotBody
from ptlearn_tui.tui.widgets.tabs import PANELS, Tabs
from ptlearn_tui.tui.widgets.tensor_panel import TensorBody

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.tui.session import Session

SLOW = {
    "output": 0.1,
    "tensors": 0.2,
    "graph": 0.2,
    "plot": 0.4,
    "modules": 0.2,
}  # seconds between drawings of a panel that changes all the time


class Side(Vertical):
    """Beside the text where the window is wide, else a sheet below it."""

    class Closed(Message):
        """A panel that had the keys was closed: the text gets them."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="side")
        self.session = session
        self._open: list[int] = []  # numbers, the one used last at the end
        self._stale: set[str] = set()
        self._drawn: dict[str, float] = {}  # panel -> when it was drawn last

    def compose(self) -> ComposeResult:
        """Tabs, then the panels, of which one or two are in sight."""
        yield Tabs()
        bodies = (OutputBody, TensorBody, GraphBody, PlotBody, ModuleBody)
        for number, (name, body) in enumerate(zip(PANELS, bodies, strict=True), 1):
            yield Panel(number, name, body())

    def on_mount(self) -> None:
        """A wide window begins with tensors and graph."""
        if self.app.size.width >= WIDE:
            self._open = [2, 3]
        self.settle()

    def panel(self, number: int) -> Panel:
        """One of them, 1-based."""
        return self.query_one(f"#panel-{PANELS[number - 1]}", Panel)

    def toggle(self, number: int) -> None:
        """Open, or close when it is in sight already."""
        if number in self._visible():
            self._open.remove(number)
            if self.panel(number).has_focus:
                self.post_message(self.Closed())
        else:
            if number in self._open:
                self._open.remove(number)
            self._open.append(number)
            self._stale.add(PANELS[number - 1])
        self.settle()
        self.draw(at_once=True)

    def open(self, number: int) -> None:
        """Bring it into sight, if it is not."""
        if number not in self._visible():
            self.toggle(number)

    def _visible(self) -> tuple[int, ...]:
        """Two where there is room, the ones used last."""
        size = self.app.size
        return tuple(sorted(self._open[-2 if size.width >= WIDE and size.height >= TALL else -1 :]))

    def settle(self) -> None:
        """After a panel was opened or closed, or the window changed."""
        visible = self._visible()
        for number in range(1, len(PANELS) + 1):
            self.panel(number).set_class(number in visible, "-open")
        self.display = bool(visible)
        self.query_one(Tabs).open = visible

    def changed(self, *panels: str) -> None:
        """These have something new."""
        self._stale.update(panels)

    def draw(self, *, at_once: bool = False) -> None:
        """The open ones that have something new; a busy one only so often."""
        now = time.monotonic()
        running = self.session.running is not None
        for number, name in enumerate(PANELS, 1):
            panel = self.panel(number)
            if name not in self._stale or not panel.has_class("-open"):
                continue
            wait = self._drawn.get(name, 0.0) + SLOW.get(name, 0.0) - now
            if wait > 0 and not at_once:
                self.set_timer(wait, self.draw)
                continue
            self._stale.discard(name)
            self._drawn[name] = now
            panel.show_record(*self.session.record_for(name))
            if name == "output" and running:
                panel.scroll_end(animate=False)
