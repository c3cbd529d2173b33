"""The line above the panels: their numbers, which of them are open, and whose cell they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import spread
from ptlearn_tui.tui.theme import ACCENT, MUTED
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Click

PANELS = ("output", "tensors", "graph", "plot", "modules")  # panel 1, 2, 3, 4, 5


def names() -> tuple[str, ...]:
    """Their titles in the language in use."""
    return (t("Output"), t("Tensors"), t("Graph"), t("Plot"), t("Modules"))


class Tabs(Lines):
    """`1 Output  2 Tensors  3 Graph  4 Plot  5 Modules`, the open ones in the accent colour."""

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
        about = Content.styled(self.about + "  ", MUTED)
        titles = [f"{number} {name}" for number, name in enumerate(names(), 1)]
        room = width - about.cell_length - 1 - sum(map(cell_len, titles))
        line, gap = Content(" "), "  " if room >= 2 * len(titles) else " "
        self._spans: list[tuple[int, int, int]] = []
        for number, title in enumerate(titles, 1):
            piece = Content.styled(title, f"bold {ACCENT}" if number in self.open else MUTED)
            self._spans.append((line.cell_length, line.cell_length + piece.cell_length, number))
            line = Content.assemble(line, piece, gap)
        return [spread(line, about, width) if line.cell_length + about.cell_length <= width else line]

    async def on_click(self, event: Click) -> None:
        """A click opens or closes."""
        for start, end, number in self._spans:
            if start <= event.x < end:
                await self.screen.run_action(f"panel({number})")
