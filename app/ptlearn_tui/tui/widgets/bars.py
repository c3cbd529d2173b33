"""The header and the footer: one line each, the same on every screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.reactive import reactive

from ptlearn_tui.locale import language, t
from ptlearn_tui.tui.text import spread
from ptlearn_tui.tui.theme import ACCENT, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Click


class Header(Lines):
    """Where we are at the left, how things are at the right, and last the other language, in that language."""

    DEFAULT_CSS = "Header { height: 1; background: $bar; }"

    title: reactive[Content] = reactive(Content())
    status: reactive[Content] = reactive(Content())

    def watch_title(self) -> None:
        """A new page or screen."""
        self.changed()

    def watch_status(self) -> None:
        """The state that the screen is in."""
        self.changed()

    def lay(self, width: int) -> list[Content]:
        """One line."""
        other = "中文" if language() == "en" else "English"
        right = Content.assemble(self.status, ("      L " if width >= 100 else "   L ", ACCENT), (other, MUTED), " ")
        return [spread(Content.assemble(" ", self.title), right, width)]

    async def on_click(self, event: Click) -> None:
        """The language can be switched with the mouse too."""
        if event.x >= self.size.width - 10:
            await self.screen.run_action("app.switch_language")


class Hint(NamedTuple):
    """A key and what it does now, as the footer shows it."""

    key: str  # as it is shown: "enter", "1…5"
    text: str  # in the language in use
    action: str  # what a click on it runs


class Footer(Lines):
    """What the focused thing can do now, and at the end the key that shows all keys."""

    DEFAULT_CSS = "Footer { height: 1; background: $bar; dock: bottom; }"

    hints: reactive[tuple[Hint, ...]] = reactive(())

    def __init__(self) -> None:
        super().__init__()
        self._spans: list[tuple[int, int, str]] = []  # from, to, action

    def watch_hints(self) -> None:
        """Another thing has the focus, or can do something else."""
        self.changed()

    def lay(self, width: int) -> list[Content]:
        """One line; what does not fit is left out, last first, for `?` has it all."""
        gap = 3 if width >= 100 else 2
        everything = Content.assemble(("?", ACCENT), (" " + (t("all keys") if width >= 100 else t("keys")), MUTED), " ")
        room = width - everything.cell_length - 1
        line = Content(" ")
        self._spans = []
        for hint in self.hints:
            piece = Content.assemble((hint.key, ACCENT), " ", (hint.text, MUTED))
            start = line.cell_length
            if start + piece.cell_length > room:
                break
            self._spans.append((start, start + piece.cell_length, hint.action))
            line = Content.assemble(line, piece, " " * gap)
        self._spans.append((width - everything.cell_length, width, "app.all_keys"))
        return [spread(line.rstrip(), everything, width)]

    async def on_click(self, event: Click) -> None:
        """Every hint is a button."""
        for start, end, action in self._spans:
            if action and start <= event.x < end:
                await self.screen.run_action(action)
                break


def crumbs(*parts: str) -> Content:
    """`Plan › Autograd › 3 Backward from a scalar`, the last one strong."""
    *before, last = parts
    return Content.assemble(*((f"{part} › ", MUTED) for part in before), (last, STRONG))
