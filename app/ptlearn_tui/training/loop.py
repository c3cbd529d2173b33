"""The training loop: epochs of steps, evaluation, checkpoints, and obeying whoever watches.

What is trained, and how, is the recipe's (`recipes/`); this is the book-keeping around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import torch
from torch import Tensor, nn

from ptlearn_tui import events
from ptlearn_tui.training import checkpoints, data
from ptlearn_tui.training.evaluate import evaluate
from ptlearn_tui.training.measure import Meter

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable
    from pathlib import Path

    from ptlearn_tui.runs.control import Command
    from ptlearn_tui.runs.write import Log

REPORT = 0.25
"""Seconds between two reports: losses are fetched, and viewers see them."""

SAVE = 30.0
"""Seconds of training that a killed run loses at most."""


class Recipe(Protocol):
    """What `recipes/*.py` have in common."""

    net: nn.Module
    optimizer: torch.optim.Optimizer

    @property
    def schedule(self) -> torch.optim.lr_scheduler.LRScheduler | None:
        """Of the learning rate; None where it stays as it is."""
        ...

    def step(self, images: Tensor, targets: Tensor, mark: Callable[[str], None], /) -> Tensor:
        """Train on one batch; returns the loss, a scalar on the device. Calls `mark` after each phase."""
        ...


@dataclass(frozen=True)
class Plan:
    """What the loop works on."""

    recipe: Recipe
    train: data.Batches
    test: data.Images | None  # None: nothing to score on
    classes: tuple[str, ...]
    epochs: int
    batch_size: int
    seed: int
    device: torch.device

    @property
    def steps_per_epoch(self) -> int:
        """The last batch may be smaller: every image is seen."""
        return -(-len(self.train) // self.batch_size)


class Stopped(Exception):
    """Somebody asked the run to stop, between two steps."""


@dataclass
class Loop:
    """A run in progress. `clock` gives seconds since the run began."""

    plan: Plan
    folder: Path
    log: Log
    commands: queue.SimpleQueue[Command]
    clock: Callable[[], float]
    step: int = 0  # done so far, over all epochs
    best: float = -1.0  # test accuracy
    paused: bool = False
    reported: float = 0.0
    saved: float = 0.0
    meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        self.meter = Meter(self.plan.recipe.net, self.plan.device)
        self.reported = self.saved = self.clock()

    def run(self) -> str:
        """Train to the end, or until asked to stop; returns the status.

        Raises what the recipe raises, and `OSError`.
        """
        plan = self.plan
        total = plan.epochs * plan.steps_per_epoch
        plan.recipe.net.train()
        self.meter.resume()
        try:
            while self.step < total:
                epoch, place = divmod(self.step, plan.steps_per_epoch)
                order = data.order(len(plan.train), plan.seed, epoch)
                for start in range(place * plan.batch_size, len(order), plan.batch_size):
                    self._obey()
                    self._train(order[start : start + plan.batch_size])
                if plan.test is not None:
                    self._report()
                    self._evaluate(plan.test, epoch + 1)
        except Stopped:
            self._save(checkpoints.LAST)
            return "stopped"
        if plan.test is None:  # else it was saved after its evaluation
            self._save(checkpoints.LAST)
        return "finished"

    def state(self) -> dict[str, Any]:
        """All that a checkpoint holds."""
        recipe = self.plan.recipe
        return {
            "step": self.step,
            "seconds": self.clock(),
            "best": self.best,
            "threads": torch.get_num_threads(),
            "model": recipe.net.state_dict(),
            "optimizer": recipe.optimizer.state_dict(),
            "schedule": recipe.schedule.state_dict() if recipe.schedule else None,
            "random": checkpoints.random_state(self.plan.device),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where a checkpoint was made; on the same CPU, what follows is the same to the bit."""
        recipe = self.plan.recipe
        self.step, self.best = state["step"], state["best"]
        recipe.net.load_state_dict(state["model"])
        recipe.optimizer.load_state_dict(state["optimizer"])
        if recipe.schedule is not None:
            recipe.schedule.load_state_dict(state["schedule"])
        checkpoints.restore_random_state(state["random"], self.plan.device)

    def note(self, action: str, text: str = "") -> None:
        """Write down what somebody did, after everything that came before it."""
        self._report()
        self.log.write(events.Note(time=self.clock(), step=self.step, action=action, text=text))

    def _train(self, index: Tensor) -> None:
        self.meter.begin(self.step + 1)
        images, targets = self.plan.train.batch(index)
        self.meter.mark("data")
        loss = self.plan.recipe.step(images, targets, self.meter.mark)
        self.step += 1
        now = self.clock()
        self.meter.add(self.step, now, loss, len(index))
        if now >= self.reported + REPORT:
            self._report()
        if now >= self.saved + SAVE:
            self._save(checkpoints.LAST)

    def _report(self) -> None:
        found = self.meter.report()
        if found:
            rate = events.Metric(time=self.clock(), name="rate", step=self.step, value=self._rate())
            self.log.write(*found, rate)
        self.reported = self.clock()

    def _rate(self) -> float:
        return float(self.plan.recipe.optimizer.param_groups[0]["lr"])

    def _evaluate(self, test: data.Images, epoch: int) -> None:
        score, sample = evaluate(self.plan.recipe.net, test, self.plan.classes, epoch)
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
        checkpoints.save(self.folder / name, self.state())
        self.saved = self.clock()
        self.log.write(events.Checkpoint(time=self.saved, path=name, step=self.step))
        self.meter.resume()

    def _obey(self) -> None:
        """Do what was asked since the last step; while paused, wait to be asked. Raises `Stopped`."""
        if self.paused:
            self._report()  # what a single step has brought
        while self.paused or not self.commands.empty():
            command = self.commands.get()  # a signal's handler may put one in, here too
            match command.do:
                case "pause" if not self.paused:
                    self.paused = True
                    self.note("pause", command.by)
                case "go on" if self.paused:
                    self.paused = False
                    self.note("go on", command.by)
                case "step":
                    if not self.paused:
                        self.paused = True
                        self.note("pause", command.by)
                    self.meter.resume()
                    return
                case "checkpoint":
                    self._save(checkpoints.LAST)
                case "rate" if command.value is not None:
                    before = self._rate()
                    self._set_rate(command.value)
                    self.note("rate", f"{before:.4g} → {command.value:.4g}" + f" {command.by}".rstrip())
                case "stop":
                    self.note("stop", command.by)
                    raise Stopped
            self.meter.resume()  # the wait was no training time

    def _set_rate(self, rate: float) -> None:
        """Now, and the rest of the schedule in proportion: torch keeps what it is made of in the groups."""
        for group in self.plan.recipe.optimizer.param_groups:
            factor = rate / group["lr"]
            for name in ("lr", "initial_lr", "max_lr", "min_lr"):
                if name in group:
                    group[name] *= factor
