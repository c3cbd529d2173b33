"""All keys of the screen below, grouped by what they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from ptlearn_tui.locale import t
from ptlearn_tui.tui.keys import described, shown_key
from ptlearn_tui.tui.text import fit
from ptlearn_tui.tui.theme import ACCENT, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen


class _Keys(Lines):
    def __init__(self, rows: list[tuple[str, str]]) -> None:
        super().__init__()
        self.rows = rows

    def lay(self, width: int) -> list[Content]:
        """Key, then what it does."""
        lines = [Content(), Content.assemble("   ", (t("All keys"), STRONG)), Content()]
        lines += [Content.assemble("   ", (fit(key, 16), ACCENT), t(description)) for key, description in self.rows]
        lines += [Content(), Content.assemble("   ", (t("esc closes this"), MUTED)), Content()]
        return lines


class KeysScreen(ModalScreen[None]):
    """Closed by the key that opened it, and by those that leave."""

    DEFAULT_CSS = """
    KeysScreen { align: center middle; }
    KeysScreen > VerticalScroll { width: 60; height: auto; max-height: 90%; background: $bar; }
    """
    BINDINGS: ClassVar = [Binding("question_mark,escape,q,enter", "dismiss", show=False)]

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        self._rows = [
            (" ".join(shown_key(each.binding.key) for each in bound), description)
            for description, bound in described(below).items()
        ]

    def compose(self) -> ComposeResult:
        """The list, scrolling where the window is low."""
        with VerticalScroll():
            yield _Keys(self._rows)
