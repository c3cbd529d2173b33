"""A new learning rate for a run: one line above the footer."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ptlearn_tui.locale import t
from ptlearn_tui.tui.theme import ACCENT, MUTED, STRONG

if TYPE_CHECKING:
    from textual.app import ComposeResult


class RateScreen(ModalScreen[float | None]):
    """The number, above 0; None to leave it as it is."""

    DEFAULT_CSS = """
    RateScreen Horizontal { dock: bottom; height: 3; background: $bar; padding: 1 3; }
    RateScreen Static { width: auto; }
    RateScreen Input { width: 16; height: 1; border: none; padding: 0 1; margin: 0 2; background: $code; }
    RateScreen Input:focus { border: none; background: $code; }
    """
    BINDINGS: ClassVar = [Binding("escape", "leave", "leave it as it is", show=False)]

    def __init__(self, rate: float | None) -> None:
        super().__init__()
        self._rate = rate

    def compose(self) -> ComposeResult:
        """What it is now, the line to write in, the keys."""
        now = "" if self._rate is None else t("now {rate}", rate=f"{self._rate:.3g}")
        keys = Content.assemble(("enter ", ACCENT), (t("sets it"), MUTED), "   ", ("esc ", ACCENT), (t("no"), MUTED))
        with Horizontal():
            yield Static(Content.assemble((t("Learning rate"), STRONG), "  ", (now, MUTED)))
            yield Input(compact=True, max_length=12)
            yield Static(keys)

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        rate = _number(message.value)
        if rate is None:
            self.notify(t("a number above 0, as 0.001"), markup=False, timeout=3)
        else:
            self.dismiss(rate)

    def action_leave(self) -> None:
        """Nothing changes."""
        self.dismiss(None)


def _number(text: str) -> float | None:
    """Full-width digits, from an input method, are digits too."""
    try:
        rate = float(unicodedata.normalize("NFKC", text).replace("。", "."))
    except ValueError:
        return None
    return rate if rate > 0 and math.isfinite(rate) else None
