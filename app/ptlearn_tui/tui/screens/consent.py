"""The first run in somebody's notes: what will run is shown, and it is asked for once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import wrap
from ptlearn_tui.tui.theme import ACCENT, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.python_colours import in_colour

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOST_SHOWN = 400  # lines; how many more there are is said
WIDEST = 2_000  # characters of a line that are looked at


class _Code(Lines):
    """The cells, one below the other."""

    def __init__(self, cells: list[tuple[str, str]]) -> None:
        super().__init__()
        self.cells = cells

    def lay(self, width: int) -> list[Content]:
        """Each under its name."""
        lines: list[Content] = []
        for name, source in self.cells:
            rows = [row[:WIDEST] for row in source.split("\n")]
            room = max(MOST_SHOWN - len(lines), 0)
            lines.append(Content.styled(f"   {name}", MUTED))
            lines += [Content.assemble("     ", row) for row in in_colour("\n".join(rows[:room]))]
            if len(rows) > room:
                lines.append(Content.styled("     " + t("{n} more lines", n=len(rows) - room), MUTED))
            lines.append(Content())
        return lines


class _Words(Lines):
    def __init__(self, name: str, count: int) -> None:
        super().__init__()
        self.name_, self.count = name, count

    def lay(self, width: int) -> list[Content]:
        """What is asked, and the answers."""
        question = t("Run code of {name}? It can do whatever you can: read it first.", name=safe(self.name_))
        return [
            *(Content.assemble("   ", line) for line in wrap(Content.styled(question, STRONG), width - 6)),
            Content.assemble(
                *("   ", ("y ", ACCENT), (t("run, and don't ask again for this file"), MUTED)),
                *("   ", ("esc ", ACCENT), (t("no"), MUTED)),
                *("   ", ("↑ ↓ ", ACCENT), (t("scroll"), MUTED)),
            ),
        ]


class Consent(ModalScreen[bool]):
    """True for yes. Enter is no answer: it is too easily pressed."""

    DEFAULT_CSS = """
    Consent { align: center bottom; }
    Consent > VerticalScroll { height: auto; max-height: 60%; background: $code; padding: 1 0 0 0; }
    Consent > _Words { height: auto; background: $bar; padding: 1 0; }
    """
    BINDINGS: ClassVar = [
        Binding("y,Y", "answer(True)", "yes", show=False),
        Binding("n,N,escape,q", "answer(False)", "no", show=False),
        Binding("down,j", "scroll(1)", "scroll", show=False),
        Binding("up,k", "scroll(-1)", "scroll", show=False),
        Binding("space,pagedown", "scroll(8)", "scroll", show=False),
        Binding("b,pageup", "scroll(-8)", "scroll", show=False),
    ]

    def __init__(self, name: str, cells: list[tuple[str, str]]) -> None:
        super().__init__()
        self._name_of_file, self.cells = name, cells

    def compose(self) -> ComposeResult:
        """The code, then the question."""
        with VerticalScroll(can_focus=False):
            yield _Code(self.cells)
        yield _Words(self._name_of_file, len(self.cells))

    def action_answer(self, yes: bool) -> None:
        """Close, with the answer."""
        self.dismiss(yes)

    def action_scroll(self, step: int) -> None:
        """The code."""
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)
