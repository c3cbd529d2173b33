"""The loss of a run, live: how far it is, every step's spread, the mean through it, the test scores on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import duration, spread, thousands
from ptlearn_tui.tui.theme import ACCENT, BAND, FAINT, GOOD, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.plot import Figure, draw

if TYPE_CHECKING:
    from ptlearn_tui.tui.run_view import RunView


class Progress(Lines):
    """`epoch 3 of 5  ━━━━────  47 %  1:15 left  2 110 images/s`."""

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view

    def lay(self, width: int) -> list[Content]:
        """One line, blank ones around it where there is room."""
        view, wide = self.view, width >= 100
        margin, gap = ("   ", "   ") if wide else (" ", "  ")
        if view.run is None:
            return [Content.styled(margin + t("the run is starting"), MUTED)]
        if view.end is None:
            left = view.left()
            clock = t("{time} left", time=duration(left)) if left is not None else ""
        else:
            clock = t("took {time}", time=duration(view.end.seconds))
        pieces: list[str | tuple[str, str]] = [gap, (f"{round(100 * view.fraction)} %", STRONG)]
        pieces += [gap, (clock, MUTED)] if clock else []
        speed = view.end.images_per_second if view.end else view.timing.images_per_second if view.timing else 0
        if speed:
            pieces += [gap, (thousands(speed), STRONG), (" " + t("images/s"), MUTED)]
        if wide and view.rate is not None:
            pieces += [gap, (t("rate") + " ", MUTED), f"{view.rate:.3g}"]
        right = Content.assemble(*pieces, margin)
        left_ = Content.assemble(
            margin, (t("epoch {n}", n=view.epoch), STRONG), (" " + t("of {total}", total=view.epochs), MUTED), gap
        )
        room = max(8, width - left_.cell_length - right.cell_length)
        done = round(room * view.fraction)
        bar = Content.assemble(("━" * done, ACCENT), ("─" * (room - done), FAINT))
        line = Content.assemble(left_, bar, right)
        return [Content(), line, Content()] if wide else [line]


class LossPlot(Lines):
    """Legend and curve; as high as the room that is left."""

    DEFAULT_CSS = "LossPlot { height: 1fr; }"

    logarithmic: reactive[bool] = reactive(True)

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view

    def watch_logarithmic(self) -> None:
        """The other axis."""
        self.changed()

    def on_resize(self) -> None:
        """The curve fills the height too."""
        self.changed()

    def lay(self, width: int) -> list[Content]:
        """The legend stands above: plotext's own overruns the row with Chinese."""
        view, height = self.view, self.size.height or 16
        margin = "   " if self.app.size.width >= 100 else " "
        legend: list[str | tuple[str, str]] = [margin, (t("Loss"), STRONG)]
        legend.append((" " + (t("log") if self.logarithmic else t("linear")), MUTED))
        if len(view.loss):
            legend += ["   ", ("⣀ ", ACCENT), t("train"), f" {view.loss.last:.3f}", "   ", ("⣿ ", BAND)]
            legend.append((t("every step"), MUTED))
        if view.evals:
            newest = view.evals[max(view.evals)]
            legend += ["   ", ("o ", GOOD), t("test"), f" {float(newest.loss):.3f}"]
        keys = Content.assemble(("g ", ACCENT), (t("axis"), MUTED), " ")
        lines = [spread(Content.assemble(*legend), keys, width)]
        drawn = draw(self._figure(), width - (2 if margin == "   " else 0), height - 1)
        if not drawn:
            waiting = t("the first losses come in a moment") if view.end is None else t("no losses were logged")
            return [*lines, Content(), Content.styled(margin + waiting, MUTED)]
        indent = "  " if margin == "   " else ""
        return lines + [Content.assemble(indent, line) for line in drawn]

    def _figure(self) -> Figure:
        """The x axis ends at the next epoch, so that the curve fills the plot; ln 10 is what guessing costs."""
        view = self.view
        per = view.run.steps_per_epoch if view.run else 0
        epochs = max(1, math.ceil(view.step / per)) if per else 1
        every = max(1, math.ceil(epochs / 6))
        ticks = [(float(epoch * per), t("epoch {n}", n=epoch)) for epoch in range(every, epochs + 1, every)]
        guess = view.guess()
        return Figure(
            curves=(view.loss,),
            marks=tuple((float(view.eval_steps[epoch]), float(score.loss)) for epoch, score in view.evals.items()),
            log=self.logarithmic,
            x_end=float(epochs * per) if per else None,
            x_ticks=((0.0, "0"), *ticks) if per else (),
            y_ticks=(guess,) if guess else (),
        )
