"""The line above the panels: their numbers, which of them are open, and whose cell they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import spread
from ptlearn_tui.tui.theme import ACCENT, MUTED
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Click

PANELS = ("output", "tensors", "graph", "plot")  # panel 1, 2, 3, 4


def names() -> tuple[str, ...]:
    """Their titles in the language in use."""
    return (t("Output"), t("Tensors"), t("Graph"), t("Plot"))


class Tabs(Lines):
    """`1 Output  2 Tensors  3 Graph  4 Plot`, the open ones in the accent colour."""

    DEFAULT_CSS = "Tabs { height: 1; }"

    open: reactive[tuple[int, ...]] = reactive(())  # numbers, 1-based
    about: reactive[str] = reactive("")  # "cell 2"

    def watch_open(self) -> None:
        """A panel was opened or closed."""
        self.changed()

    def watch_about(self) -> None:
        """Another cell is shown."""
        self.changed()

    def lay(self, width: int) -> list[Content]:
        """One line; remembers where each name stands, for clicks."""
        line = Content(" ")
        self._spans: list[tuple[int, int, int]] = []
        for number, name in enumerate(names(), 1):
            style = f"bold {ACCENT}" if number in self.open else MUTED
            piece = Content.styled(f"{number} {name}", style)
            self._spans.append((line.cell_length, line.cell_length + piece.cell_length, number))
            line = Content.assemble(line, piece, "  ")
        return [spread(line, Content.styled(self.about + "  ", MUTED), width)]

    async def on_click(self, event: Click) -> None:
        """A click opens or closes."""
        for start, end, number in self._spans:
            if start <= event.x < end:
                await self.screen.run_action(f"panel({number})")
