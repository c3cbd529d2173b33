"""The training loop: epochs of steps, evaluation, checkpoints, and obeying whoever watches.

What is trained, and how, is the recipe's (`recipes/`); this is the book-keeping around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec
import torch
from torch import Tensor

from ptlearn_tui import events
from ptlearn_tui.runs.control import Command
from ptlearn_tui.training import checkpoints, data, inside
from ptlearn_tui.training.evaluate import evaluate
from ptlearn_tui.training.measure import Meter
from ptlearn_tui.training.plan import Plan, Remembering
from ptlearn_tui.training.ranks import Alone

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable
    from pathlib import Path

    from ptlearn_tui.runs.write import Log
    from ptlearn_tui.training.ranks import Silence

REPORT = 0.25
"""Seconds between two reports: losses are fetched, and viewers see them."""

SAVE = 30.0
"""Seconds of training that a killed run loses at most."""

MEET = 0.05
"""Seconds between two steps at which several processes agree on what to do; each costs them a millisecond."""

FEW = 1000
"""Test images that are looked at when somebody asks for predictions in mid-epoch."""

Duty: TypeAlias = "Command | Literal['report']"
"""What is done between two steps."""


class Stopped(Exception):
    """Somebody asked the run to stop, between two steps."""


@dataclass
class Loop:
    """A run in progress. `clock` gives seconds since the run began; `commands` are rank 0's."""

    plan: Plan
    folder: Path
    log: Log | Silence
    commands: queue.SimpleQueue[Command]
    clock: Callable[[], float]
    step: int = 0  # done so far, over all epochs
    best: float = -1.0  # test accuracy
    paused: bool = False
    reported: float = 0.0
    saved: float = 0.0
    meeting: int = 0  # the step before which the ranks next agree on what to do
    meter: Meter = field(init=False)
    batch: tuple[Tensor, Tensor] | None = None  # the last one
    looking: str | None = None  # who wants to look inside, where there is no batch yet

    def __post_init__(self) -> None:
        self.meter = Meter(self.plan.net, self.plan.device)
        self.reported = self.saved = self.clock()

    def run(self) -> str:
        """Train to the end, or until asked to stop; returns the status.

        Raises what the recipe raises, and `OSError`.
        """
        plan = self.plan
        total = plan.epochs * plan.steps_per_epoch
        plan.net.train()
        if not plan.train.resumable and self.step == 0:
            self._save(checkpoints.LAST)  # where a run goes on that is stopped in its first epoch
        self.meter.resume()
        try:
            while self.step < total:
                epoch, place = divmod(self.step, plan.steps_per_epoch)
                self._epoch(epoch, place)
                if plan.test is not None:
                    self._report()
                    self._evaluate(plan.test, epoch + 1)
                elif not plan.train.resumable:
                    self._save(checkpoints.LAST)
        except Stopped:
            if plan.train.resumable:
                self._save(checkpoints.LAST)
            self._report()
            return "stopped"
        if plan.test is None:  # else it was saved after its evaluation
            self._save(checkpoints.LAST)
        return "finished"

    def state(self) -> dict[str, Any]:
        """All that a checkpoint holds. To be asked of all ranks."""
        recipe = self.plan.recipe
        return {
            "step": self.step,
            "seconds": self.clock(),
            "best": self.best,
            "threads": torch.get_num_threads(),
            "model": self.plan.net.state_dict(),
            "optimizer": recipe.optimizer.state_dict(),
            "schedule": recipe.schedule.state_dict() if recipe.schedule else None,
            "recipe": recipe.state() if isinstance(recipe, Remembering) else None,
            "random": self.plan.ranks.gather(checkpoints.random_state(self.plan.device)),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where a checkpoint was made; on the same CPU, what follows is the same to the bit."""
        recipe = self.plan.recipe
        self.step, self.best = state["step"], state["best"]
        self.meeting = self.step
        self.plan.net.load_state_dict(state["model"])
        recipe.optimizer.load_state_dict(state["optimizer"])
        if recipe.schedule is not None:
            recipe.schedule.load_state_dict(state["schedule"])
        if isinstance(recipe, Remembering):
            recipe.restore(state["recipe"])
        checkpoints.restore_random_state(state["random"][self.plan.ranks.rank], self.plan.device)

    def note(self, action: str, text: str = "") -> None:
        """Write down what somebody did, after everything that came before it."""
        self._report()
        self.log.write(events.Note(time=self.clock(), step=self.step, action=action, text=text))

    def _epoch(self, epoch: int, place: int) -> None:
        """The steps of an epoch (0-based) from `place` on."""
        plan = self.plan
        share = plan.batch_size // plan.ranks.size
        order = plan.ranks.part(data.order(len(plan.train), plan.seed, epoch))
        batches = plan.train.epoch(order[place * share :], share)
        while self.step < (epoch + 1) * plan.steps_per_epoch:
            self._obey()
            self.meter.begin(self.step + 1)
            self.batch = images, targets = next(batches)
            self.meter.mark("data")
            loss = plan.recipe.step(images, targets, self.meter.mark)
            self.step += 1
            self.meter.add(self.step, self.clock(), loss, len(targets) * plan.ranks.size)
            if self.looking is not None:
                self._look(self.looking)
                self.looking = None

    def _report(self) -> None:
        found = self.meter.report(self.plan.ranks.mean)
        if found:
            rate = events.Metric(time=self.clock(), name="rate", step=self.step, value=self._rate())
            self.log.write(*found, rate)
        self.reported = self.clock()

    def _rate(self) -> float:
        return float(self.plan.recipe.optimizer.param_groups[0]["lr"])

    def _evaluate(self, test: data.Images, epoch: int) -> None:
        score, sample = evaluate(self.plan.net, test, self.plan.classes, epoch, self.plan.ranks)
        now = self.clock()
        self.log.write(msgspec.structs.replace(score, time=now), msgspec.structs.replace(sample, time=now))
        improved = score.accuracy > self.best
        self.best = max(self.best, score.accuracy)
        self._save(checkpoints.LAST)
        if improved:
            self._save(checkpoints.BEST)
        self.meter.resume()

    def _save(self, name: str) -> None:
        self._report()
        state = self.state()
        if self.plan.ranks.first:
            checkpoints.save(self.folder / name, state)
        self.saved = self.clock()
        self.log.write(events.Checkpoint(time=self.saved, path=name, step=self.step))
        self.meter.resume()

    def _obey(self) -> None:
        """Do what is due, and what was asked, since the last step; while paused, wait to be asked. Raises `Stopped`."""
        while self.step >= self.meeting:
            duty, meeting = self.plan.ranks.share(self._next())
            if duty == "report":
                self._report()
            elif duty is not None:
                self._do(duty)
                self.meter.resume()  # the wait was no training time
            if duty is None or (duty != "report" and duty.do == "step"):
                self.meeting = meeting
                return

    def _next(self) -> tuple[Duty | None, int]:
        """What comes before the next step, or None; and before which step that is asked again. For rank 0 to say."""
        if not self.plan.ranks.first:
            return None, 0
        if self.paused and self.meter.pending:
            return "report", 0  # what a single step has brought
        if self.paused or not self.commands.empty():
            return self.commands.get(), self.step + 1  # a signal's handler may put one in, here too
        now = self.clock()
        if now >= self.saved + SAVE and self.plan.train.resumable:
            return Command("checkpoint"), 0
        if now >= self.reported + REPORT:
            return "report", 0
        if self.plan.ranks.size == 1:
            return None, self.step + 1
        return None, self.step + max(1, round(MEET / self.meter.step_seconds))

    def _do(self, command: Command) -> None:
        """Raises `Stopped`."""
        match command.do:
            case "pause" if not self.paused:
                self.paused = True
                self.note("pause", command.by)
            case "go on" if self.paused:
                self.paused = False
                self.note("go on", command.by)
            case "step" if not self.paused:
                self.paused = True
                self.note("pause", command.by)
            case "checkpoint" if self.plan.train.resumable:
                self._save(checkpoints.LAST)
            case "rate" if command.value is not None:
                before = self._rate()
                self._set_rate(command.value)
                self.note("rate", f"{before:.4g} → {command.value:.4g}" + f" {command.by}".rstrip())
            case "look" if self.plan.ranks.first:
                if self.batch is None:
                    self.looking = command.by
                else:
                    self._look(command.by)
            case "samples" if self.plan.ranks.first and self.plan.test is not None:
                self._sample(self.plan.test)
            case "stop":
                self.note("stop", command.by)
                raise Stopped

    def _look(self, by: str) -> None:
        """Tensors and the loss's graph, for whoever watches. Of rank 0 alone."""
        assert self.batch is not None
        now = self.clock()
        try:
            tensors, graph = inside.look(self.plan.net, *self.batch)
        except Exception as error:  # a network that can't be copied: that is no reason to end the run
            self.note("look", f"{type(error).__name__}: {error}".splitlines()[0])
            return
        self.log.write(
            events.Note(time=now, step=self.step, action="look", text=by),
            msgspec.structs.replace(tensors, time=now),
            *([msgspec.structs.replace(graph, time=now)] if graph else []),
        )

    def _sample(self, test: data.Images) -> None:
        """Of the first test images, as the network is now. Of rank 0 alone."""
        epoch = self.step // self.plan.steps_per_epoch
        _, sample = evaluate(self.plan.net, test, self.plan.classes, epoch, Alone(), most=FEW)
        self.log.write(msgspec.structs.replace(sample, time=self.clock()))

    def _set_rate(self, rate: float) -> None:
        """Of the first group, and the rest of the schedule and the other groups in proportion.

        torch keeps what a schedule is made of in the groups, or in its `base_lrs`.
        """
        recipe = self.plan.recipe
        factor = rate / self._rate()
        for group in recipe.optimizer.param_groups:
            for name in ("lr", "initial_lr", "max_lr", "min_lr"):
                if name in group:
                    group[name] *= factor
        if recipe.schedule is not None:
            recipe.schedule.base_lrs = [base * factor for base in recipe.schedule.base_lrs]
