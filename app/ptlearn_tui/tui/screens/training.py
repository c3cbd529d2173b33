"""A training run, live or ended. A viewer only: it tails the run's folder, and speaks to it over its socket."""

from __future__ import annotations

import getpass
import threading
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message

from ptlearn_tui.locale import t
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.control import Command, send
from ptlearn_tui.tui import glyphs
from ptlearn_tui.tui.run_follow import LIVE, follow
from ptlearn_tui.tui.run_view import RunView
from ptlearn_tui.tui.screens.base import TALL, WIDE, BaseScreen
from ptlearn_tui.tui.screens.inside import InsideScreen
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.screens.rate import RateScreen
from ptlearn_tui.tui.text import thousands
from ptlearn_tui.tui.theme import BAD, GOOD, MUTED, RICH, WARN
from ptlearn_tui.tui.widgets.bars import Footer, Header, Hint, crumbs
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.mistakes import Mistakes
from ptlearn_tui.tui.widgets.training_facts import Captions, Facts, Summary
from ptlearn_tui.tui.widgets.training_plot import LossPlot, Progress

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ptlearn_tui.events import AnyEvent


class Logged(Message):
    """New events of the run, and how it stands."""

    def __init__(self, events: list[AnyEvent], status: str) -> None:
        super().__init__()
        self.events = events
        self.status = status


class Answered(Message):
    """What the run said to a command, where that was no."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class TrainingScreen(BaseScreen):
    """Leaving it never touches the run."""

    CSS_PATH = "training.tcss"
    BINDINGS: ClassVar = [
        Binding("space", "pause", "pause, or go on", show=False),
        Binding("full_stop", "one_step", "one step, then pause", show=False),
        Binding("i", "inside", "look inside: tensors and graph", show=False),
        Binding("l", "rate", "set the learning rate", show=False),
        Binding("x", "stop", "stop the run", show=False),
        Binding("g", "axis", "logarithmic or linear axis", show=False),
        Binding("m", "mistakes", "the surest mistakes, or the curve", show=False),
        Binding("escape", "app.leave", "leave; the run goes on", show=False),
    ]

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run_id = run
        self.folder = run_folder.find(run)
        self.view = RunView()
        self.status = "running"
        self._gone = threading.Event()
        self._only_mistakes = False

    def compose(self) -> ComposeResult:
        """The curve, the numbers beside or below it, the mistakes, the words."""
        yield Header()
        yield Progress(self.view)
        with Horizontal(id="curve"):
            yield LossPlot(self.view)
            yield Facts(self.view)
        yield Mistakes(self.view)
        yield Summary(self.view)
        yield Captions(self.view)
        yield Footer()

    def on_mount(self) -> None:
        """The whole history first, then what comes."""
        super().on_mount()
        self.query_one(Mistakes).blocks = self.app.theme == RICH.name and not glyphs.only_ascii()
        self._arrange()
        self.speak()
        self.read()

    def on_unmount(self) -> None:
        """The thread that reads ends with the screen."""
        self._gone.set()

    def on_resize(self, event: object) -> None:
        """What has room."""
        super().on_resize(event)  # type: ignore[arg-type]
        self._arrange()

    def _arrange(self) -> None:
        size = self.app.size
        wide, tall = size.width >= WIDE, size.height >= TALL
        self.query_one(Facts).display = wide
        mistakes = self.query_one(Mistakes)
        mistakes.display = (wide and tall) or self._only_mistakes
        mistakes.alone, mistakes.large = self._only_mistakes, wide and tall and self._only_mistakes
        mistakes.set_class(self._only_mistakes, "-alone")
        mistakes.changed()
        self.query_one("#curve").display = not self._only_mistakes
        self.query_one(Summary).display = not wide
        self.query_one(Captions).most = 3 if tall else 1

    @work(thread=True, group="tail", exit_on_error=False, description="follow a run")
    def read(self) -> None:
        """Until the screen is left; a run that has ended may be resumed."""
        for events, status in follow(self.folder, self._gone):
            self.post_message(Logged(events, status))

    @on(Logged)
    def _logged(self, message: Logged) -> None:
        inside = self.view.inside
        changed = self.view.apply(message.events, message.status)
        if changed or message.status != self.status:
            self.status = message.status
            for widget in self.query(Lines):
                if not isinstance(widget, (Header, Footer)):
                    widget.changed()
            self.show_status()
            self.show_hints()
        if self.view.inside is not inside:
            for screen in self.app.screen_stack:
                if isinstance(screen, InsideScreen):
                    screen.show(self.view.inside)

    # ---- what is shown -----------------------------------------------------------------------------------------

    def speak(self) -> None:
        """In the language in use."""
        self.show_status()
        self.show_hints()

    def show_status(self) -> None:
        """Live, paused, lost or how it ended; on what."""
        view, wide = self.view, self.app.size.width >= WIDE
        plan = self.dashboard.plan
        project = plan.item("projects").title.split(" (")[0].split("（")[0]
        title = crumbs(*([t("Plan"), project] if wide else [project]), self.run_id)
        if wide and view.run is not None:
            title = Content.assemble(title, ("   " + view.data_words, MUTED))
        self.header.title = title
        self.header.status = self._state_words()

    def _state_words(self) -> Content:
        view = self.view
        match self.status:
            case "paused":
                by = view.paused.text if view.paused and view.paused.text else ""
                at = t("PAUSED at step {n}", n=thousands(view.step))
                return Content.styled(f"{at} {by}".rstrip(), WARN)
            case "running":
                where = view.run.device if view.run else ""
                threads = ""
                if view.run and where == "cpu":
                    threads = t("1 thread") if view.run.threads == 1 else t("{n} threads", n=view.run.threads)
                on_what = f" · {where}" + (f", {threads}" if threads else "") if where else ""
                return Content.assemble((t("live"), GOOD), (on_what, MUTED))
            case "finished":
                return Content.styled(t("finished"), GOOD)
            case "lost":
                return Content.styled(t("lost: its process is gone"), BAD)
            case "failed":
                return Content.styled(t("failed"), BAD)
        return Content.styled(t("stopped"), WARN)

    def hints(self) -> tuple[Hint, ...]:
        """A run that has ended can only be looked at."""
        look = (
            Hint("m", t("curve") if self._only_mistakes else t("mistakes"), "mistakes"),
            Hint("g", t("axis"), "axis"),
        )
        if self.status not in LIVE:
            inside = (Hint("i", t("inside"), "inside"),) if self.view.inside is not None else ()
            return (*inside, *look, Hint("q", t("back"), "app.leave"))
        pause = t("go on") if self.status == "paused" else t("pause")
        rate = (Hint("l", t("rate"), "rate"),) if self.app.size.width >= WIDE else ()
        return (
            Hint("space", pause, "pause"),
            Hint(".", t("step"), "one_step"),
            Hint("i", t("inside"), "inside"),
            *rate,
            look[0],
            Hint("x", t("stop"), "stop"),
            Hint("q", t("leave it running"), "app.leave"),
        )

    # ---- what is done ------------------------------------------------------------------------------------------

    @work(thread=True, group="control", exit_on_error=False, description="speak to a run")
    def ask(self, command: Command) -> None:
        """The socket may take two seconds: in a thread."""
        answer = send(self.folder, command)
        if not answer.ok:
            self.post_message(Answered(answer.message))

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        self.dashboard.say(message.text, "warning")

    def _live(self) -> bool:
        if self.status in LIVE:
            return True
        self.dashboard.say(t("this run has ended"))
        return False

    def action_pause(self) -> None:
        """For every viewer, with the name of who did it."""
        if self._live():
            self.ask(Command("go on" if self.status == "paused" else "pause", by=_me()))

    def action_one_step(self) -> None:
        """One step, then it is paused again."""
        if self._live():
            self.ask(Command("step", by=_me()))

    def action_inside(self) -> None:
        """As it is now; of a run that has ended, what was seen last."""
        if self.status in LIVE or self.view.inside is None:
            self._look()
        if self.status in LIVE or self.view.inside is not None:
            self.app.push_screen(InsideScreen(self.run_id, self.view.inside, self._look))

    def _look(self) -> None:
        if self._live():
            self.ask(Command("look", by=_me()))

    def action_rate(self) -> None:
        """Now, and the rest of the schedule in proportion."""
        if self._live():
            self.app.push_screen(RateScreen(self.view.rate), self._rate_answered)

    def _rate_answered(self, rate: float | None) -> None:
        if rate is not None:
            self.ask(Command("rate", value=rate, by=_me()))

    def action_stop(self) -> None:
        """Asks: a stopped run can be resumed, but stops for everybody."""
        if self._live():
            question = t("Stop {run}? A checkpoint is kept; train --resume goes on from it.", run=self.run_id)
            self.app.push_screen(Question(question, t("stop")), self._stop_answered)

    def _stop_answered(self, yes: bool | None) -> None:
        if yes:
            self.ask(Command("stop", by=_me()))

    def action_axis(self) -> None:
        """Logarithmic or linear."""
        plot = self.query_one(LossPlot)
        plot.logarithmic = not plot.logarithmic

    def action_mistakes(self) -> None:
        """They take the curve's place: where both have room, the pictures are drawn at their own size."""
        self._only_mistakes = not self._only_mistakes
        self._arrange()
        self.show_hints()

    def interrupt(self) -> None:
        """ctrl+c is not how a run is stopped."""
        self.dashboard.say(t("the run goes on; x stops it, q leaves it running"))


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
