"""A question before something is lost: one line above the footer, answered by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen

from ptlearn_tui.locale import t
from ptlearn_tui.tui.theme import ACCENT, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult


class _Line(Lines):
    DEFAULT_CSS = "_Line { dock: bottom; height: 3; background: $bar; padding: 1 0; }"

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self.question, self.yes = question, yes

    def lay(self, width: int) -> list[Content]:
        """The question, and the two answers."""
        return [
            Content.assemble(
                "   ",
                (self.question, STRONG),
                "   ",
                ("y ", ACCENT),
                (self.yes, MUTED),
                "   ",
                ("esc ", ACCENT),
                (t("no"), MUTED),
            )
        ]


class Question(ModalScreen[bool]):
    """True for yes. Enter is no answer: it is too easily pressed."""

    BINDINGS: ClassVar = [
        Binding("y,Y", "answer(True)", "yes", show=False),
        Binding("n,N,escape,q", "answer(False)", "no", show=False),
    ]

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self._line = _Line(question, yes)

    def compose(self) -> ComposeResult:
        """The line."""
        yield self._line

    def action_answer(self, yes: bool) -> None:
        """Close, with the answer."""
        self.dismiss(yes)
