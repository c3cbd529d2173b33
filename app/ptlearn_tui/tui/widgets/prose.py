"""Prose between two cells, and fences of another language."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui import markdown
from ptlearn_tui.tui.glyphs import FOCUS
from ptlearn_tui.tui.theme import ACCENT, MUTED
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from ptlearn_tui.course.page import Fence
    from ptlearn_tui.course.page import Prose as ProseBlock

MEASURE = 60  # cells a line at most: longer ones are hard to read
INDENT = "   "


class Prose(Lines):
    """A run of Markdown."""

    DEFAULT_CSS = "Prose { margin: 0 0 1 0; }"

    def __init__(self, block: ProseBlock) -> None:
        super().__init__()
        self.block = block

    def show_block(self, block: ProseBlock) -> None:
        """The same in another language."""
        self.block = block
        self.changed()

    def lay(self, width: int) -> list[Content]:
        """Laid out in the text's measure, three cells in."""
        room = min(MEASURE, width - 2 * len(INDENT))
        return [Content.assemble(INDENT, line) for line in markdown.lay(self.block.tokens, room)]


class ShownFence(Lines, can_focus=True):
    """A block that is shown, copied, and never run; its language stands above it."""

    DEFAULT_CSS = "ShownFence { margin: 0 0 1 0; }"
    BINDINGS: ClassVar = [Binding("y,enter", "copy", "copy this text", show=False)]

    def __init__(self, block: Fence) -> None:
        super().__init__()
        self.block = block

    def show_block(self, block: Fence) -> None:
        """The same in another language."""
        self.block = block
        self.changed()

    @property
    def bar(self) -> tuple[str, str]:
        """Where the keys go."""
        return (FOCUS, ACCENT) if self.has_focus else (" ", "")

    def action_copy(self) -> None:
        """To the clipboard of the terminal's machine, over SSH too (OSC 52)."""
        self.app.copy_to_clipboard(self.block.text)
        self.app.notify(t("copied"), markup=False, timeout=2)

    def lay(self, width: int) -> list[Content]:
        """The text as it stands; long lines are cut into several."""
        indent = INDENT[1:]  # the bar is the first cell
        lines = [Content.styled(indent + safe(self.block.language), MUTED)] if self.block.language else []
        for line in self.block.text.split("\n"):
            folded = Content.styled(safe(line), "$string").fold(max(width - 7, 20)) if line else [Content()]
            lines += [Content.assemble(indent, "  ", piece) for piece in folded]
        return lines
