"""What every screen has: a header, a footer, a notice when the window is too small, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from ptlearn_tui.locale import t
from ptlearn_tui.tui.theme import MUTED
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual import events

    from ptlearn_tui.tui.app import Dashboard

LEAST_WIDTH, LEAST_HEIGHT = 80, 22
WIDE = 100  # from here on panels stand beside the text
TALL = 34  # from here on two panels stand one above the other


class TooSmall(Lines):
    """Covers the screen while the window is under 80×22."""

    DEFAULT_CSS = """
    TooSmall { layer: notice; dock: top; width: 100%; height: 100%; background: $background; display: none; }
    """

    def lay(self, width: int) -> list[Content]:
        """What is needed, and what there is."""
        size = self.app.size
        return [
            Content(),
            Content(" " + t("The window is too small.")),
            Content.styled(
                " "
                + t(
                    "{width}×{height} here; {least} needed.",
                    width=size.width,
                    height=size.height,
                    least=f"{LEAST_WIDTH}×{LEAST_HEIGHT}",
                ),
                MUTED,
            ),
        ]

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """The whole window."""
        return self.app.size.height


class BaseScreen(Screen[None]):
    """Subclasses compose their body, set the header, and say what the footer offers."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (TALL, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar = [
        Binding("q", "app.leave", "one level up; on the plan: quit", show=False),
    ]

    @property
    def dashboard(self) -> Dashboard:
        """The app, as what it is."""
        return cast("Dashboard", self.app)

    @property
    def header(self) -> Header:
        """The first line."""
        return self.query_one(Header)

    @property
    def footer(self) -> Footer:
        """The last line."""
        return self.query_one(Footer)

    def on_mount(self) -> None:
        """Follow the language, the progress store and torch from now on."""
        self.watch(self.app, "language", self._other_language, init=False)
        self.watch(self.app, "torch_state", self.show_status, init=False)
        self.watch(self.app, "devices", self.show_status, init=False)

    def _other_language(self) -> None:
        self.speak()
        for widget in self.query(Lines):
            widget.changed()

    def speak(self) -> None:
        """Say everything in the language in use: called at the start and when it is switched."""

    def show_status(self) -> None:
        """The right side of the header."""

    def hints(self) -> tuple[Hint, ...]:
        """What the footer offers now."""
        return ()

    def show_hints(self) -> None:
        """After the focus or the state has changed."""
        if self.is_mounted:
            self.footer.hints = self.hints()

    def on_descendant_focus(self, _event: events.DescendantFocus) -> None:
        """Another thing has the keys."""
        self.show_hints()

    def on_resize(self, event: events.Resize) -> None:
        """Under 80×22 a notice, not a crash."""
        small = event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT
        notices = self.query(TooSmall)
        if small and not notices:
            self.mount(TooSmall())
        for notice in self.query(TooSmall):
            notice.display = small
            notice.changed()
