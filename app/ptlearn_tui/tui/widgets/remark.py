"""The learner's own remark on a page: Markdown at its end, written in place, on disk as it is written."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from ptlearn_tui.course.page import parser
from ptlearn_tui.locale import t
from ptlearn_tui.tui import markdown
from ptlearn_tui.tui.glyphs import HERE
from ptlearn_tui.tui.theme import ACCENT, MUTED
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.prose import INDENT, MEASURE

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.tui.app import Dashboard

SAVE = 0.5  # seconds after a key until what was written is on disk


class RemarkText(Lines):
    """As it reads; nothing at all where there is none."""

    DEFAULT_CSS = "RemarkText { margin: 0 0 1 0; }"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def show(self, text: str) -> None:
        """What is written now."""
        self.text = text
        self.display = bool(text)
        self.changed()

    def lay(self, width: int) -> list[Content]:
        """Under its own small heading, a bar beside it: not the author's."""
        room = min(MEASURE, width - 2 * len(INDENT)) - 2
        head = Content.assemble(INDENT, (HERE, ACCENT), " ", (t("your remark"), MUTED))
        lines = markdown.lay(parser().parse(self.text), room)
        return [head, *(Content.assemble(INDENT, (HERE, ACCENT), " ", line) for line in lines)]


class RemarkEditor(TextArea):
    """Plain lines, wrapped; escape leaves, and nothing has to be saved."""

    DEFAULT_CSS = """
    RemarkEditor { height: auto; min-height: 4; border: none; padding: 0 1; margin: 0 3 1 3; background: $code;
                   border-left: outer $accent; }
    RemarkEditor:focus { border: none; border-left: outer $accent; }
    """
    BINDINGS: ClassVar = [Binding("escape", "leave", "leave the remark: it is kept", show=False, priority=True)]

    class Left(Message):
        """The learner is done with it."""

    def __init__(self, text: str) -> None:
        super().__init__(text, soft_wrap=True, tab_behavior="indent")

    def on_mount(self) -> None:
        """Where writing goes on."""
        self.move_cursor(self.document.end)

    def action_leave(self) -> None:
        """Back to the page."""
        self.post_message(self.Left())


class Remark(Vertical):
    """Of one page; `key` is the page's in the progress store."""

    DEFAULT_CSS = "Remark { height: auto; }"

    class Closed(Message):
        """The keys are free again."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self._kept = ""
        self._due = False

    @property
    def dashboard(self) -> Dashboard:
        """The app, as what it is."""
        return cast("Dashboard", self.app)

    def compose(self) -> ComposeResult:
        """What was written the last time."""
        try:
            self._kept = self.dashboard.progress.remark(self.key)
        except sqlite3.Error as error:
            self.dashboard.say(t("your remark can't be read: {why}", why=error), "error")
        text = RemarkText(self._kept)
        text.display = bool(self._kept)
        yield text

    async def open(self) -> None:
        """Write, or go on writing."""
        if not self.query(RemarkEditor):
            editor = RemarkEditor(self._kept)
            self.query_one(RemarkText).display = False
            await self.mount(editor)
            editor.focus()
            self.call_after_refresh(self._in_sight)

    def _in_sight(self) -> None:
        for editor in self.query(RemarkEditor):
            editor.scroll_visible(animate=False)

    def on_unmount(self) -> None:
        """The page, or the program, is left in the middle of a word."""
        for editor in self.query(RemarkEditor):
            self._keep(editor.text)

    @on(RemarkEditor.Changed)
    def _typed(self, message: RemarkEditor.Changed) -> None:
        message.stop()
        if not self._due:
            self._due = True
            self.set_timer(SAVE, self._save)

    def _save(self) -> None:
        self._due = False
        for editor in self.query(RemarkEditor):
            self._keep(editor.text)

    @on(RemarkEditor.Left)
    async def _left(self) -> None:
        for editor in self.query(RemarkEditor):
            self._keep(editor.text)
            await editor.remove()
        self.query_one(RemarkText).show(self._kept)
        self.post_message(self.Closed())

    def _keep(self, text: str) -> None:
        text = text.rstrip()
        if text != self._kept:
            self._kept = text
            self.dashboard.writer.keep(
                partial(self.dashboard.progress.keep_remark, self.key, text),
                lambda why: t("your remark is not on disk: {why}", why=why),
            )
