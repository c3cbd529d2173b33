"""The text of a page with its cells: laid out, told in another language, edited in place."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.containers import VerticalScroll

from ptlearn_tui.course.page import Cell, Fence
from ptlearn_tui.course.page import Prose as ProseBlock
from ptlearn_tui.locale import t
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.widgets.ask import AnswerLine, Ask
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.editor import Editor
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.prose import Prose, ShownFence
from ptlearn_tui.tui.widgets.recipe_cell import RecipeCell
from ptlearn_tui.tui.widgets.remark import Remark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.widget import Widget

    from ptlearn_tui.course.page import Page
    from ptlearn_tui.tui.app import Dashboard
    from ptlearn_tui.tui.kept import Kept
    from ptlearn_tui.tui.questions import Asked
    from ptlearn_tui.tui.session import Session


SAVE = 0.5  # seconds after a key in an editor until what it holds is on disk


class PageText(VerticalScroll, can_focus=False):
    """Cells take the keys, the text itself never does: the screen scrolls it."""

    def __init__(
        self, key: str, page: Page, session: Session, kept: Kept, questions: Mapping[int, Asked] | None = None
    ) -> None:
        super().__init__()
        self.questions = questions or {}
        self.below: dict[int, Widget] = {}  # what stands below a cell, by its index: of no block
        self.key = key  # of the page in the progress store
        self.page = page
        self.session = session
        self.kept = kept
        self._due = False  # a save is

    def compose(self) -> ComposeResult:
        """A widget a block, and the cells that the learner has added."""
        session = self.session
        session.on_page = {block.index for block in self.page.blocks if isinstance(block, Cell)}
        for block in self.page.blocks:
            match block:
                case Cell(index=index):
                    if index in self.questions:
                        yield Ask(self.questions[index])
                    yield self._cell(block)
                    if index in self.below:
                        yield self.below[index]
                    for added in session.added_below(index):
                        session.on_page.add(added)
                        yield self._cell(session.cells[added])
                case Fence():
                    yield ShownFence(block)
                case _:
                    yield Prose(block)
        yield Remark(self.key)

    def on_mount(self) -> None:
        """Explanations of questions that are open stay folded."""
        self.unveil()

    def _cell(self, cell: Cell) -> CodeCell:
        widget = (RecipeCell if cell.run else CodeCell)(cell, self.session.records[cell.index])
        widget.edited = self.session.edits.get(cell.index)
        widget.set_class(cell.scratch, "-yours")
        return widget

    def on_unmount(self) -> None:
        """The program ends with an editor open."""
        for editor in self.query(Editor):
            self.dashboard.writer.keep(partial(self.kept.write, editor.index, editor.text.rstrip("\n")))

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
        """Other prose around the same cells, in place; cells keep what they made, and what is on top stays there."""
        self.page = page
        top = next(
            (each for each in self.children if each.display and each.virtual_region.bottom > self.scroll_y), None
        )
        if top is not None:
            inside = round(self.scroll_y) - top.virtual_region.y
            # Twice: the screen has every widget laid out once more after its page was told anew.
            self.call_after_refresh(self.call_after_refresh, self._keep_on_top, top, inside)
        for ask in self.query(Ask):
            ask.show()
        others = {*self.below.values(), *self.query("Editor, Ask, Remark, .-yours")}
        authors = [widget for widget in self.children if widget not in others]
        for widget, block in zip(authors, page.blocks, strict=False):
            match widget, block:
                case CodeCell(), Cell():
                    widget.show_cell(block)
                case Prose(), ProseBlock():
                    widget.show_block(block)
                case ShownFence(), Fence():
                    widget.show_block(block)

    def _keep_on_top(self, widget: Widget, inside: int) -> None:
        """So many of its lines are above the window."""
        self.scroll_to(y=widget.virtual_region.y + min(inside, max(0, widget.size.height - 1)), animate=False)

    def keep_in_sight(self, index: int) -> None:
        """A cell and the begin of what follows it stay visible together where they fit."""
        cell, at = self.cell(index), self._top(index)
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        height = cell.virtual_region.y - at + cell.size.height
        if at < top or at + min(height + 6, self.size.height) > bottom:
            self.scroll_to(y=max(0, at - (3 if height + 3 < self.size.height else 0)), animate=False)

    def _top(self, index: int) -> int:
        """Of a cell, with its question and what became of the answer."""
        asked = self.query(f"#ask-{index}")
        return asked.first().virtual_region.y - 2 if asked else self.cell(index).virtual_region.y

    def seek(self, words: str) -> None:
        """Scroll to the first lines that have them all, or to the first that has one.

        Those of an explanation that is folded still: to its question.
        """
        wanted = words.casefold().split()
        for enough in (all, any):
            above: Widget | None = None
            for widget in self.query(Lines).results(Lines):
                lines = [str(line() if callable(line) else line).casefold() for line in widget.lay(self.size.width)]
                if enough(word in " ".join(lines) for word in wanted):
                    first = next((y for y, line in enumerate(lines) if any(word in line for word in wanted)), 0)
                    found = widget if widget.display else above or widget
                    y = found.virtual_region.y + (first if found is widget else 0)
                    self.scroll_to(y=max(0, y - 3), animate=False)
                    return
                above = widget if widget.display else above

    @on(CodeCell.Grew)
    def _grew(self, message: CodeCell.Grew) -> None:
        """What a cell prints comes into sight, as far as its first line stays there; scrolling back is not undone."""
        cell = self.cell(message.index)
        top, height = self.scroll_offset.y, self.size.height
        at, end = self._top(message.index), cell.virtual_region.y + cell.size.height
        if top <= at < top + height < end:
            self.scroll_to(y=min(at, end - height), animate=False)

    # ---- questions ---------------------------------------------------------------------------------------------

    def unveil(self) -> None:
        """Show what questions do not hide, or no longer."""
        index: int | None = None
        for widget in self.children:
            match widget:
                case CodeCell(cell=cell):
                    index = cell.index
                    widget.veiled = self.is_asked(index)
                case Prose(block=block) if block.explains:
                    widget.display = not self.is_asked(index)
                case Ask():
                    widget.show()

    def is_asked(self, index: int | None) -> bool:
        """Whether its question is open."""
        return index is not None and index in self.questions and self.questions[index].state == "open"

    def focus_on(self, index: int) -> None:
        """A cell gets the keys; its question, where that is open."""
        if self.is_asked(index):
            self.query_one(f"#ask-{index}", Ask).line.focus(scroll_visible=False)
        else:
            self.cell(index).focus(scroll_visible=False)

    @on(AnswerLine.Left)
    def _left_question(self, message: AnswerLine.Left) -> None:
        for ask in self.query(Ask):
            if ask.line.has_focus:
                self.cell(ask.question.cell.index).focus(scroll_visible=False)

    # ---- editing -----------------------------------------------------------------------------------------------

    @on(CodeCell.Edit)
    async def _edit(self, message: CodeCell.Edit) -> None:
        cell = self.cell(message.index)
        editor = Editor(message.index, self.session.source(message.index), (cell.pointed or 1) - 1)
        await self.mount(editor, after=cell)
        cell.display = False
        editor.focus()

    @on(CodeCell.AddBelow)
    def _add_below(self, message: CodeCell.AddBelow) -> None:
        """Empty, and open for writing; it is on disk as soon as something stands in it."""
        widget = self._add(self.session.place_below(message.index), "")
        self.call_after_refresh(widget.action_edit)

    def _add(self, place: float, source: str) -> CodeCell:
        cell = self.session.add(place, source)
        widget = self._cell(cell)
        above = self.session.order[max(0, self.session.order.index(cell.index) - 1)]
        self.mount(widget, after=self.cell(above))
        return widget

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
        index, cell, text = editor.index, self.cell(editor.index), editor.text.rstrip("\n")
        if cell.cell.scratch and not text.strip():
            await self._remove(index)
            await editor.remove()
            return
        await self._keep(index, text)
        cell.display = True
        cell.focus(scroll_visible=False)
        await editor.remove()
        self.call_after_refresh(self.keep_in_sight, index)
        if run:
            # Posted to itself: a message that begins here does not rise past here from a child.
            self.post_message(CodeCell.Run(index, go_on=False))

    @on(CodeCell.Undo)
    def _undo_asked(self, message: CodeCell.Undo) -> None:
        index, cell = message.index, self.session.cells[message.index]
        if cell.scratch and index == self.session.running:
            self.dashboard.say(t("it runs: ctrl+c first"))
            return
        question = Question(t("Bring the author's text back? Yours is lost."), t("bring it back"))
        if cell.scratch:
            question = Question(t("Remove this cell? Its text is lost."), t("remove"))

        async def answered(yes: bool | None) -> None:
            if yes and cell.scratch:
                await self._remove(index)
            elif yes:
                await self._keep(index, cell.source)

        self.app.push_screen(question, answered)

    async def _remove(self, index: int) -> None:
        """A cell of the learner's own; the one above it gets the keys."""
        at = self.session.order.index(index)
        self.session.remove(index)
        self.cell(self.session.order[at - 1]).focus(scroll_visible=False)
        await self.cell(index).remove()
        await self._write(index, "")

    # ---- what is kept ------------------------------------------------------------------------------------------

    @on(Editor.Changed)
    def _typed(self) -> None:
        if not self._due:
            self._due = True
            self.set_timer(SAVE, self.save)

    @work(group="store", exit_on_error=False, description="keep what is being written")
    async def save(self) -> None:
        """What open editors hold: a crash, a lost line or a flat battery costs no more than half a second of it."""
        self._due = False
        for editor in self.query(Editor):
            text = editor.text.rstrip("\n")
            if text != self.session.source(editor.index) and (text or not self.cell(editor.index).cell.scratch):
                await self._keep(editor.index, text)

    async def _keep(self, index: int, text: str) -> None:
        """On disk, and in what runs and is shown. A text equal to the author's is no edit."""
        await self._write(index, text)
        cell = self.session.cells[index]
        if text != cell.source:
            self.session.edits[index] = text
        else:
            self.session.edits.pop(index, None)
        self.cell(index).show_edit(self.session.edits.get(index))

    async def _write(self, index: int, text: str) -> None:
        await self.dashboard.writer.keep(
            partial(self.kept.write, index, text), lambda why: t("your edit is not on disk: {why}", why=why)
        )
