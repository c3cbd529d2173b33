"""What a lesson's footer offers: what the thing that has the keys can do now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.locale import t
from ptlearn_tui.tui.widgets.ask import AnswerLine
from ptlearn_tui.tui.widgets.bars import Hint
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.editor import Editor
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.prose import ShownFence
from ptlearn_tui.tui.widgets.recipe_cell import RecipeCell
from ptlearn_tui.tui.widgets.remark import RemarkEditor

if TYPE_CHECKING:
    from textual.widget import Widget

    from ptlearn_tui.tui.session import Session
    from ptlearn_tui.tui.widgets.open_card import OpenCard


def hints(focused: Widget | None, session: Session) -> tuple[Hint, ...]:
    """The most obvious first; the footer shows as many as fit."""
    panels = Hint("1…5", t("panels"), "panel(2)")
    following = Hint("n", t("next page"), "next_page")
    leave = Hint("q", t("plan"), "app.leave")
    if session.standing:
        return (
            Hint("t", t("next step"), "focused.step_through"),
            Hint("l", t("end of the loop"), "loop_end"),
            Hint("enter", t("to the end"), "focused.run(True)"),
            Hint("ctrl+c", t("stop"), "app.interrupt"),
        )
    if session.running is not None:
        return Hint("ctrl+c", t("interrupt"), "app.interrupt"), Hint("K", t("kill"), "kill"), panels, leave
    match focused:
        case Panel(number=2) if getattr(focused.body, "opened", None) is not None:
            return _of_card(focused.body.opened)  # type: ignore[attr-defined]
        case Panel():
            return *_of_panel(focused.number, session), Hint("esc", t("text"), "back"), following
        case Editor():
            return Hint("ctrl+r", t("run"), "focused.leave(True)"), Hint(
                "esc", t("leave, edits are kept"), "focused.leave(False)"
            )
        case AnswerLine():
            word = t("answer, and run") if focused.value.strip() else t("skip")
            return Hint("enter", word, "focused.submit"), Hint("esc", t("to the cell"), "focused.leave")
        case RemarkEditor():
            return (Hint("esc", t("leave, the remark is kept"), "focused.leave"),)
        case ShownFence():
            return Hint("enter", t("copy"), "focused.copy"), Hint("tab", t("next"), "app.focus_next"), following, leave
        case RecipeCell():
            return *_of_recipe(focused), panels, following, leave
        case CodeCell():
            return *_of_cell(focused, session), panels, following, leave
    begin = (Hint("enter", t("begin"), "begin"),) if session.on_page else ()
    return *begin, panels, following, leave


def _of_panel(number: int, session: Session) -> tuple[Hint, ...]:
    close = Hint(str(number), t("close"), f"panel({number})")
    if number == 3:
        film, saved = Hint("space", t("film"), "film"), Hint("i", t("what it keeps"), "saved")
        return Hint("enter", t("show line"), "show_line"), film, saved, Hint("m", "Mermaid", "mermaid"), close
    if number == 2:
        return Hint("↑ ↓", t("cards"), ""), Hint("enter", t("open the card"), "focused.enter"), close
    if number == 5:
        return Hint("↑ ↓", t("layers"), ""), Hint("enter", t("fold, unfold"), "focused.enter"), close
    record = session.record_for("plot")[0]
    if number == 4 and record is not None and record.run is not None:
        return Hint("enter", t("open the run"), "focused.enter"), close
    return Hint("↑ ↓", t("scroll"), ""), close


def _of_card(card: OpenCard) -> tuple[Hint, ...]:
    slices = (Hint("← →", t("slice"), ""),) if card.index else ()
    exact = (Hint("x", t("all values"), "focused.all_values"),) if card.card.sampled else ()
    return Hint("↑ ↓", t("scroll"), ""), *slices, *exact, Hint("esc", t("close the card"), "focused.close")


def _of_cell(cell: CodeCell, session: Session) -> tuple[Hint, ...]:
    index, record = cell.cell.index, cell.record
    text = t("run") if session.following(index) is None else t("run, go on")
    run, edit = Hint("enter", text, "focused.run(True)"), Hint("e", t("edit"), "focused.edit")
    if cell.cell.scratch:
        return run, edit, Hint("u", t("remove"), "focused.undo")
    if record.error is not None and record.error.whole is not None:
        return run, edit, Hint("f", t("in full"), "full")
    if cell.edited is not None:
        return run, edit, Hint("v", t("what changed"), "focused.differences")
    return run, edit, Hint("a", t("run all"), "run_all"), Hint("tab", t("next cell"), "app.focus_next")


def _of_recipe(cell: RecipeCell) -> tuple[Hint, ...]:
    """A run that lives is looked at; one that has ended is followed by another."""
    run, fold = cell.record.run, t("fold") if cell.record.full else t("the whole file")
    text = (
        t("start the run")
        if run is None or run.folder is None
        else t("open the run")
        if run.live
        else t("start another")
    )
    return Hint("enter", text, "focused.run(True)"), Hint("f", fold, "full"), Hint("tab", t("next"), "app.focus_next")
