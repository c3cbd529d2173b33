"""The text of a page with its cells: laid out, told in another language, edited in place."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.containers import VerticalScroll

from ptlearn_tui.course.page import Cell, Fence, Page
from ptlearn_tui.course.page import Prose as ProseBlock
from ptlearn_tui.locale import t
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.editor import Editor
from ptlearn_tui.tui.widgets.prose import Prose, ShownFence

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from ptlearn_tui.course.page import Block
    from ptlearn_tui.tui.app import Dashboard
    from ptlearn_tui.tui.session import Session


class PageText(VerticalScroll, can_focus=False):
    """Cells take the keys, the text itself never does: the screen scrolls it."""

    def __init__(self, key: str, page: Page, session: Session) -> None:
        super().__init__(id="page")
        self.key = key  # of the page in the progress store
        self.page = page
        self.session = session

    def compose(self) -> ComposeResult:
        """A widget a block."""
        yield from (self._widget(block) for block in self.page.blocks)

    def _widget(self, block: Block) -> Widget:
        match block:
            case Cell():
                return CodeCell(block, self.session.records[block.index])
            case Fence():
                return ShownFence(block)
            case _:
                return Prose(block)

    def on_mount(self) -> None:
        """What the learner wrote the last time is there again."""
        try:
            edits = self.dashboard.progress.edits(self.key)
        except sqlite3.Error as error:
            self.dashboard.say(t("your edits can't be read: {why}", why=error), "error")
            return
        self.session.edits = {index: text for index, text in edits.items() if index < len(self.session.cells)}
        for index, text in self.session.edits.items():
            self.cell(index).show_edit(text)

    @property
    def dashboard(self) -> Dashboard:
        """The app, as what it is."""
        return cast("Dashboard", self.app)

    def cell(self, index: int) -> CodeCell:
        """A cell's widget."""
        return self.query_one(f"#cell-{index}", CodeCell)

    @property
    def cells(self) -> list[CodeCell]:
        """All of them."""
        return list(self.query(CodeCell))

    @property
    def at_end(self) -> bool:
        """Whether the last line is in sight."""
        return self.scroll_offset.y >= self.max_scroll_y

    def retell(self, page: Page) -> None:
        """Other prose around the same cells, in place; cells keep what they made."""
        self.page = page
        for widget, block in zip(self.query("PageText > *").exclude("Editor"), page.blocks, strict=False):
            match widget, block:
                case CodeCell(), Cell():
                    widget.show_cell(block)
                case Prose(), ProseBlock():
                    widget.show_block(block)
                case ShownFence(), Fence():
                    widget.show_block(block)

    def keep_in_sight(self, index: int) -> None:
        """A cell and the begin of what follows it stay visible together where they fit."""
        cell = self.cell(index)
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        at = cell.virtual_region.y
        if at < top or at + min(cell.size.height + 6, self.size.height) > bottom:
            self.scroll_to(y=max(0, at - (3 if cell.size.height + 3 < self.size.height else 0)), animate=False)

    # ---- editing -----------------------------------------------------------------------------------------------

    @on(CodeCell.Edit)
    async def _edit(self, message: CodeCell.Edit) -> None:
        cell = self.cell(message.index)
        editor = Editor(message.index, self.session.source(message.index), (cell.pointed or 1) - 1)
        await self.mount(editor, after=cell)
        cell.display = False
        editor.focus()

    @on(Editor.Complete)
    def _complete(self, message: Editor.Complete) -> None:
        self.complete(message.editor, message.editor.text, message.line, message.column)

    @work(group="complete", exclusive=True, exit_on_error=False, description="names that fit")
    async def complete(self, editor: Editor, text: str, line: int, column: int) -> None:
        """Asked of the live kernel: it knows what the names really hold. Without one there is nothing to offer."""
        kernel = self.session.kernel
        if kernel is not None:
            editor.offer(await asyncio.to_thread(kernel.complete, text, line, column))

    @on(Editor.Left)
    def _left_editor(self, message: Editor.Left) -> None:
        self.leave_editor(message.editor, run=message.run)

    @work(group="store", exit_on_error=False, description="keep an edit")
    async def leave_editor(self, editor: Editor, *, run: bool) -> None:
        """What was written is on disk before it is shown as kept. A task of its own, since a disk may be slow."""
        index, cell = editor.index, self.cell(editor.index)
        await self._keep(index, editor.text.rstrip("\n"))
        cell.display = True
        cell.focus(scroll_visible=False)
        await editor.remove()
        self.call_after_refresh(self.keep_in_sight, index)
        if run:
            # Posted to itself: a message that begins here does not rise past here from a child.
            self.post_message(CodeCell.Run(index, go_on=False))

    @on(CodeCell.Undo)
    def _undo_asked(self, message: CodeCell.Undo) -> None:
        question = Question(t("Bring the author's text back? Yours is lost."), t("bring it back"))
        source = self.session.cells[message.index].source

        async def answered(yes: bool | None) -> None:
            if yes:
                await self._keep(message.index, source)

        self.app.push_screen(question, answered)

    async def _keep(self, index: int, text: str) -> None:
        """A text equal to the author's is no edit."""
        progress, edited = self.dashboard.progress, text != self.session.cells[index].source
        try:
            if edited:
                await asyncio.to_thread(progress.edit, self.key, index, text)
            elif index in self.session.edits:
                await asyncio.to_thread(progress.forget_edit, self.key, index)
        except sqlite3.Error as error:
            self.dashboard.say(t("your edit is not on disk: {why}", why=error), "error")
        if edited:
            self.session.edits[index] = text
        else:
            self.session.edits.pop(index, None)
        self.cell(index).show_edit(text if edited else None)
