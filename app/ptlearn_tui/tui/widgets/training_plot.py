"""The loss of a run, live: how far it is, every step's spread, the mean through it, the test scores on it.

The training screen shows it, and a lesson's Plot panel for the run of a cell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from textual.content import Content
from textual.reactive import reactive

from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import duration, spread, thousands
from ptlearn_tui.tui.theme import ACCENT, BAND, FAINT, GOOD, MUTED, STRONG
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.plot import Figure, draw

if TYPE_CHECKING:
    from ptlearn_tui.tui.run_view import RunView

Piece: TypeAlias = str | tuple[str, str]

LEAST_BAR = 8  # cells
LEAST_STEP = 12  # cells from one label of the x axis to the next


class Progress(Lines):
    """How far the run is; blank lines around it where there is room."""

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view

    def lay(self, width: int) -> list[Content]:
        """One line, or three."""
        line = lay_progress(self.view, width)
        return [Content(), line, Content()] if width >= 100 and self.view.run is not None else [line]


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
        """The legend with the key of the axis, and the curve."""
        keys = Content.assemble(("g ", ACCENT), (t("axis"), MUTED), " ")
        indent = "  " if self.app.size.width >= 100 else ""
        height = self.size.height or 16
        return lay_loss(self.view, width, height, indent=indent, logarithmic=self.logarithmic, keys=keys)


def lay_progress(view: RunView, width: int, indent: str = "") -> Content:
    """`epoch 3 of 5  ━━━━────  47 %  1:15 left  2 110 images/s`; what stands last goes first where there is no room."""
    wide = width >= 100
    margin, gap = ("   ", "   ") if wide else (indent + " ", "  ")
    if view.run is None:
        return Content.styled(margin + t("the run is starting"), MUTED)
    left = Content.assemble(
        margin, (t("epoch {n}", n=view.epoch), STRONG), (" " + t("of {total}", total=view.epochs), MUTED), gap
    )
    percent, clock, speed = _done(view, gap), _clock(view, gap), _speed(view, gap)
    if wide and view.rate is not None:
        speed += [gap, (t("rate") + " ", MUTED), f"{view.rate:.3g}"]
    rights = [Content.assemble(*pieces, margin) for pieces in (percent + clock + speed, percent + clock, percent)]
    least = left.cell_length + LEAST_BAR
    right = next((each for each in rights if least + each.cell_length <= width), rights[-1])
    room = max(0, width - left.cell_length - right.cell_length)
    done = round(room * view.fraction)
    return Content.assemble(left, ("━" * done, ACCENT), ("─" * (room - done), FAINT), right)


def _done(view: RunView, gap: str) -> list[Piece]:
    return [gap, (f"{round(100 * view.fraction)} %", STRONG)]


def _clock(view: RunView, gap: str) -> list[Piece]:
    if view.end is not None:
        return [gap, (t("took {time}", time=duration(view.end.seconds)), MUTED)]
    left = view.left()
    return [] if left is None else [gap, (t("{time} left", time=duration(left)), MUTED)]


def _speed(view: RunView, gap: str) -> list[Piece]:
    speed = view.end.images_per_second if view.end else view.timing.images_per_second if view.timing else 0
    return [gap, (thousands(speed), STRONG), (" " + t("images/s"), MUTED)] if speed else []


def lay_loss(
    view: RunView, width: int, height: int, *, indent: str, logarithmic: bool, keys: Content | None = None
) -> list[Content]:
    """The legend, with `keys` at its right, and the curve below it. plotext's own legend overruns with Chinese."""
    margin = indent + " "
    curve: list[Piece] = ["   ", ("⣀ ", ACCENT), t("train"), f" {view.loss.last:.3f}"] if len(view.loss) else []
    band: list[Piece] = ["   ", ("⣿ ", BAND), (t("every step"), MUTED)] if curve else []
    test: list[Piece] = []
    if view.evals:
        test = ["   ", ("o ", GOOD), t("test"), f" {float(view.evals[max(view.evals)].loss):.3f}"]
    begin: list[Piece] = [margin, (t("Loss"), STRONG), (" " + (t("log") if logarithmic else t("linear")), MUTED)]
    keys = keys or Content()
    legends = [Content.assemble(*each) for each in (begin + curve + band + test, begin + curve + test, curve + test)]
    legend = next((each for each in legends if each.cell_length + 1 + keys.cell_length <= width), legends[-1])
    lines = [spread(legend, keys, width)]
    width -= len(indent)
    drawn = draw(_figure(view, width, logarithmic), width, height - 1)
    if not drawn:
        waiting = t("the first losses come in a moment") if view.end is None else t("no losses were logged")
        return [*lines, Content(), Content.styled(margin + waiting, MUTED)]
    return lines + [Content.assemble(indent, line) for line in drawn]


def _figure(view: RunView, width: int, logarithmic: bool) -> Figure:
    """The x axis ends at the next epoch, so that the curve fills the plot; ln 10 is what guessing costs."""
    per = view.run.steps_per_epoch if view.run else 0
    epochs = max(1, math.ceil(view.step / per)) if per else 1
    every = math.ceil(epochs / max(1, min(6, width // LEAST_STEP)))
    ticks = [(float(epoch * per), t("epoch {n}", n=epoch)) for epoch in range(every, epochs + 1, every)]
    guess = view.guess()
    return Figure(
        curves=(view.loss,),
        marks=tuple((float(view.eval_steps[epoch]), float(score.loss)) for epoch, score in view.evals.items()),
        log=logarithmic,
        x_end=float(epochs * per) if per else None,
        x_ticks=((0.0, "0"), *ticks) if per else (),
        y_ticks=(guess,) if guess else (),
    )
