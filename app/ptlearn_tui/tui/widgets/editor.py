"""A cell's editor, in its place: Python's colours, indentation that goes on, ctrl+r runs, escape leaves."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from ptlearn_tui.tui.theme import RICH, SIXTEEN
from ptlearn_tui.tui.widgets.python_colours import QUERY

if TYPE_CHECKING:
    from textual import events

INDENT = 4
_WORD = re.compile(r"[^\W\d]\w*\Z")


def _theme(name: str, colours: dict[str, str]) -> TextAreaTheme:
    """The cell's own colours, by the captures of its query."""

    def style(role: str) -> Style:
        return Style(color=colours[role].replace("ansi_", ""))

    roles = ("comment", "string", "number", "keyword", "call")
    return TextAreaTheme(name=name, syntax_styles={role: style(role) for role in roles})


def _word_before(line: str, column: int) -> str:
    """The begin of a name that stands before the cursor."""
    found = _WORD.search(line[:column])
    return found[0] if found else ""


class Editor(TextArea):
    """Leaving keeps what was written; nothing has to be saved."""

    DEFAULT_CSS = """
    Editor { height: auto; border: none; padding: 0 1; margin: 0 0 1 0; background: $code;
             border-left: outer $accent; }
    Editor:focus { border: none; border-left: outer $accent; }
    Editor.-names, Editor.-names:focus { border-bottom: blank; border-subtitle-color: $muted;
                                         border-subtitle-align: left; }
    """
    BINDINGS: ClassVar = [Binding("ctrl+r", "leave(True)", "in the editor: run the cell", show=False)]

    class Left(Message):
        """The learner is done with it."""

        def __init__(self, editor: Editor, *, run: bool) -> None:
            super().__init__()
            self.editor = editor
            self.run = run

    class Complete(Message):
        """Tab after a letter or a dot: which names fit here?"""

        def __init__(self, editor: Editor, line: int, column: int) -> None:
            super().__init__()
            self.editor = editor
            self.line = line  # 1-based
            self.column = column  # 0-based

    def __init__(self, index: int, source: str, line: int = 0) -> None:
        super().__init__(source, show_line_numbers=True, tab_behavior="indent", soft_wrap=False)
        self.update_highlight_query("python", QUERY)
        self.language = "python"
        self.index = index
        self.indent_width = INDENT
        self._first_line = line

    def on_mount(self) -> None:
        """In the dashboard's colours, the cursor where the learner was."""
        for theme in (RICH, SIXTEEN):
            self.register_theme(_theme(theme.name, theme.variables))
        self.theme = self.app.theme
        self.move_cursor((self._first_line, 0))

    def action_leave(self, run: bool) -> None:
        """Back to the cell."""
        self.post_message(self.Left(self, run=run))

    def offer(self, names: list[str]) -> None:
        """Write as much as all the names agree on, as shells do; what they are stands below until the next key."""
        row, column = self.cursor_location
        typed = _word_before(self.document[row], column)
        names = [name for name in names if name.startswith(typed)]
        agreed = os.path.commonprefix(names)  # noqa: RUF071 - of strings, just as it is meant
        if len(agreed) > len(typed):
            self._replace_via_keyboard(agreed[len(typed) :], (row, column), (row, column))
        self.names = names if len(names) > 1 else []

    names: reactive[list[str]] = reactive([])

    def watch_names(self, names: list[str]) -> None:
        """The names that fit, in one line at the editor's foot."""
        shown, room = "", max(self.size.width - 8, 20)
        for name in names:
            if len(shown) + len(name) + 2 > room:
                shown += "…"
                break
            shown += name + "  "
        self.border_subtitle = Content(shown)
        self.set_class(bool(names), "-names")

    async def _on_key(self, event: events.Key) -> None:
        """Escape leaves; enter goes on with the indentation, deeper after a colon; tab after a name completes it."""
        self.names = []
        if event.key == "tab" and self.selection.is_empty:
            row, column = self.cursor_location
            if _word_before(self.document[row], column) or self.document[row][:column].endswith("."):
                event.stop()
                event.prevent_default()
                self.post_message(self.Complete(self, row + 1, column))
                return
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.action_leave(False)
        elif event.key == "enter":
            event.stop()
            event.prevent_default()
            row, column = self.cursor_location
            before = self.document[row][:column]
            indent = len(before) - len(before.lstrip(" "))
            if before.rstrip().endswith(":"):
                indent += INDENT
            start, end = self.selection
            self._replace_via_keyboard("\n" + " " * indent, start, end)
        elif event.key == "backspace" and self.selection.is_empty:
            row, column = self.cursor_location
            before = self.document[row][:column]
            if before and not before.strip() and column % INDENT == 0:
                event.stop()
                event.prevent_default()
                self._replace_via_keyboard("", (row, column - INDENT), (row, column))
                return
            await super()._on_key(event)
        else:
            await super()._on_key(event)
