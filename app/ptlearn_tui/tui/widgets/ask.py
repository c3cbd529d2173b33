"""The line under a question: the learner's answer, then whether the kernel made the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from ptlearn_tui.course.question import readable
from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.glyphs import tick
from ptlearn_tui.tui.theme import BAD, GOOD, MUTED
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.prose import INDENT

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.tui.questions import Asked

MOST = 200  # characters of an answer


class AnswerLine(Input):
    """Enter answers, or skips where nothing is written; escape leaves for the cell."""

    DEFAULT_CSS = """
    AnswerLine { height: 1; border: none; padding: 0 1; margin: 0 3; background: $code; max-width: 60;
                 border-left: outer $faint; }
    AnswerLine:focus { border: none; border-left: outer $accent; background: $code; }
    """
    BINDINGS: ClassVar = [Binding("escape", "leave", "leave the question", show=False)]

    class Left(Message):
        """The keys go to the cell."""

    def action_leave(self) -> None:
        """The question stays open."""
        self.post_message(self.Left())


class Verdict(Lines):
    """What became of the answer."""

    def __init__(self, question: Asked) -> None:
        super().__init__()
        self.question = question

    def lay(self, width: int) -> list[Content]:
        """One line, or two where the right answer is long."""
        question = self.question
        given = Content(safe(_words(question.ask, question.given)))
        match question.state:
            case "right":
                mark = Content.styled(f"{tick()} " + t("right"), GOOD)
            case "wrong" if question.truth is not None:
                truth = " ".join(safe(_words(question.ask, question.truth)).split())
                told = truth if question.ask == "error" else t("it is {truth}", truth=truth)
                mark = Content.styled("✗ " + told, BAD)
            case "wrong":
                mark = Content.styled("✗ " + t("not so: run the cell to see"), BAD)
            case "given":
                mark = Content.styled(t("run the cell to see"), MUTED)
            case _:
                given, mark = Content(), Content.styled(t("skipped"), MUTED)
        line = Content.assemble(INDENT, given, "   " if given.plain else "", mark)
        return line.fold(max(width - 3, 20)) if line.cell_length > width - 3 else [line]


class Ask(Vertical):
    """Open: a line to write in; afterwards the verdict."""

    DEFAULT_CSS = "Ask { height: auto; margin: 0 0 1 0; }"

    class Answered(Message):
        """An answer; an empty one skips the question."""

        def __init__(self, index: int, text: str) -> None:
            super().__init__()
            self.index = index
            self.text = text

    def __init__(self, question: Asked) -> None:
        super().__init__(id=f"ask-{question.cell.index}")
        self.question = question

    def compose(self) -> ComposeResult:
        """Both; one is shown."""
        yield AnswerLine(max_length=MOST, compact=True, select_on_focus=False)
        yield Verdict(self.question)

    def on_mount(self) -> None:
        """As the question stands."""
        self.show()

    @property
    def line(self) -> AnswerLine:
        """Where the answer is written."""
        return self.query_one(AnswerLine)

    def show(self) -> None:
        """After the question, or the language, has changed."""
        still = self.question.state == "open"
        self.line.display = still
        self.line.placeholder = _wanted(self.question.ask) + "   " + t("enter skips")
        verdict = self.query_one(Verdict)
        verdict.display = not still
        verdict.changed()

    @on(AnswerLine.Submitted)
    def _submitted(self, message: AnswerLine.Submitted) -> None:
        message.stop()
        text = message.value.strip()
        if text and not readable(self.question.ask, text):
            self.notify(_wanted(self.question.ask), markup=False, timeout=3)
            return
        self.post_message(self.Answered(self.question.cell.index, text))


def _wanted(ask: str) -> str:
    return {
        "shape": t("a shape, as (3, 4)"),
        "dtype": t("a dtype, as float32"),
        "error": t("1 it runs   2 it raises an error"),
    }.get(ask, t("a value; one number stands for each entry"))


def _words(ask: str, text: str) -> str:
    """An answer as it is told."""
    if ask != "error":
        return text
    if text in ("1", "runs"):
        return t("it runs")
    if text == "2":
        return t("it raises an error")
    return t("it raises {kind}", kind=text) if text.endswith(("Error", "Exception")) else text
