"""What a viewer knows of a training run: its log goes in, the training screen reads out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui import events as ev
from ptlearn_tui.locale import t
from ptlearn_tui.training import datasets
from ptlearn_tui.tui.record import Record
from ptlearn_tui.tui.widgets.plot import Series

if TYPE_CHECKING:
    from collections.abc import Iterable

NORMS_KEPT = 12  # bars of each layer's gradient norms


class Inside(NamedTuple):
    """What a look inside the run has told, as the panels show it."""

    step: int
    record: Record


@dataclass
class RunView:
    """One run, as far as its log has been read."""

    run: ev.Run | None = None
    loss: Series = field(default_factory=Series)
    rate: float | None = None
    step: int = 0
    time: float = 0.0  # of the newest event, seconds since the run began
    evals: dict[int, ev.Eval] = field(default_factory=dict)  # test set, by epoch
    eval_steps: dict[int, int] = field(default_factory=dict)
    timing: ev.Timing | None = None
    norms: dict[str, list[float]] = field(default_factory=dict)
    sample: ev.Sample | None = None
    inside: Inside | None = None  # the newest look
    looked: int = 0  # its step: losses come later than it
    notes: list[ev.Note | ev.Advice] = field(default_factory=list)
    end: ev.End | None = None
    paused: ev.Note | None = None
    lost: bool = False  # its process is gone, without a last word
    saved: bool = False  # there is a checkpoint

    def apply(self, events: Iterable[ev.AnyEvent], status: str = "running") -> bool:
        """Take events in, and how the run stands (`runs.summary`); whether anything is new."""
        before = (self.step, self.time, len(self.notes), self.inside, self.end, self.lost)
        self.lost = status == "lost"
        for event in events:
            self._apply(event)
            if isinstance(event.time, (int, float)):
                self.time = float(event.time)
        return before != (self.step, self.time, len(self.notes), self.inside, self.end, self.lost)

    def _apply(self, event: ev.AnyEvent) -> None:
        match event:
            case ev.Run():
                self.run, self.end, self.paused = event, None, None
            case ev.Metric(name="loss", step=step, value=value):
                self.loss.add(step, float(value))
                self.step = step
            case ev.Metric(name="rate", value=value):
                self.rate = float(value)
            case ev.Eval(split="test", epoch=epoch):
                self.evals[epoch] = event
                self.eval_steps[epoch] = self.step
            case ev.Timing():
                self.timing = event
                for layer, norm in event.gradients.items():
                    kept = self.norms.setdefault(layer, [])
                    kept.append(float(norm))
                    del kept[:-NORMS_KEPT]
            case ev.Sample():
                self.sample = event
            case ev.Tensors():
                self.inside = Inside(self.looked, Record())
                self.inside.record.apply([event])
            case ev.Graph() if self.inside is not None:
                self.inside = Inside(self.inside.step, self.inside.record)
                self.inside.record.apply([event])
            case ev.Note(action=action):
                self.notes.append(event)
                self.looked = event.step if action == "look" else self.looked
                self.paused = event if action == "pause" else self.paused if action == "step" else None
            case ev.Advice():
                self.notes.append(event)
            case ev.Checkpoint():
                self.saved = True
            case ev.End():
                self.end, self.paused = event, None

    # ---- what follows from it ----------------------------------------------------------------------------------

    @property
    def epochs(self) -> int:
        """How many there are to be."""
        return int(self.run.config.get("epochs", 0)) if self.run else 0

    @property
    def steps(self) -> int:
        """How many there are to be."""
        return self.run.steps_per_epoch * self.epochs if self.run else 0

    @property
    def epoch(self) -> int:
        """The one that is going on, 1-based."""
        if not self.run or not self.run.steps_per_epoch:
            return 0
        return min(self.step // self.run.steps_per_epoch + 1, self.epochs)

    @property
    def fraction(self) -> float:
        """Of all steps, 0..1."""
        return min(1.0, self.step / self.steps) if self.steps else 0.0

    def left(self, steps: int | None = None) -> float | None:
        """Seconds until the end, or for so many steps, at the present speed; None where nothing is known or to come."""
        if self.end is not None or self.lost or not self.timing or not self.run or not self.timing.images_per_second:
            return None
        wanted = self.steps - self.step if steps is None else steps
        return wanted * int(self.run.config.get("batch_size", 1)) / self.timing.images_per_second

    @property
    def to_epoch_end(self) -> float | None:
        """Seconds until the next score on the test set."""
        if not self.run or not self.run.steps_per_epoch:
            return None
        return self.left(self.run.steps_per_epoch - self.step % self.run.steps_per_epoch)

    @property
    def data_words(self) -> str:
        """What it trains on."""
        return datasets.words(self.run.data) if self.run else ""

    def caption(self) -> tuple[str, str] | None:
        """What the curves say, in one sentence, and whether that is healthy ("good") or not ("warn")."""
        if self.loss.strange:
            return t("the loss is not a number any more: try a smaller learning rate"), "warn"
        scores = [self.evals[epoch] for epoch in sorted(self.evals) if epoch]
        if len(scores) < 2:
            return None
        best = min(range(len(scores)), key=lambda at: float(scores[at].loss))
        since = len(scores) - 1 - best
        if since == 0:
            return t("test loss still falls with training loss: no overfitting yet"), "good"
        if since >= 2:
            return t("test loss has risen for {n} epochs: this may be overfitting", n=since), "warn"
        return None

    def guess(self) -> float | None:
        """ln(classes): the loss of a network that knows nothing."""
        if self.run and self.run.data.get("classes"):
            return math.log(int(self.run.data["classes"]))
        return math.log(10) if self.run and self.run.data.get("name") else None
