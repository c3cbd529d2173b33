"""What a run measures while it trains: every step's loss, and for one step in eight where its time goes.

Losses stay on the device and are fetched together, a few times a second: `.item()` after each step would make
a GPU wait for Python each time. Timing and gradient norms are taken from a sample of the steps, so that they
cost nothing.
"""

from __future__ import annotations

import time
from collections import deque
from statistics import median
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ptlearn_tui import events
from ptlearn_tui.training import device as devices

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 8
"""One step in so many is timed."""

PHASES = ("data", "forward", "backward", "update")


class Meter:
    """Collects between two reports.

    Call `begin`, then `mark` after each phase, then `add`, for every step.
    """

    def __init__(self, net: nn.Module, device: torch.device) -> None:
        self._device = device
        self._layers = {
            name: list(layer.parameters()) for name, layer in net.named_children() if list(layer.parameters())
        }
        self._losses: list[Tensor] = []
        self._when: list[tuple[int, float]] = []  # step, and seconds since the run began, of each loss
        self._phases: dict[str, deque[float]] = {phase: deque(maxlen=64) for phase in PHASES}  # seconds
        self._norms: dict[str, Tensor] = {}
        self._timed = False
        self._images = 0  # since the last report
        self._last = 0.0
        self._since = time.perf_counter()
        self.images = 0  # trained on in all, and in how many seconds, pauses and evaluations left out
        self.seconds = 0.0

    def resume(self) -> None:
        """After a pause or an evaluation, whose time is no training time."""
        self._since = time.perf_counter()

    def begin(self, step: int) -> None:
        """A step begins (1-based)."""
        self._timed = step % EVERY == 1
        if self._timed:
            devices.wait(self._device)
            self._last = time.perf_counter()

    def mark(self, phase: str) -> None:
        """A phase of the step has ended."""
        if not self._timed:
            return
        devices.wait(self._device)
        self._phases[phase].append(time.perf_counter() - self._last)
        if phase == "backward":  # the gradients are fresh, and the update has not used them yet
            self._norms = {name: _norm(parameters) for name, parameters in self._layers.items()}
        self._last = time.perf_counter()

    def add(self, step: int, when: float, loss: Tensor, images: int) -> None:
        """A step has ended with `loss`, a scalar on the device."""
        self._losses.append(loss)
        self._when.append((step, when))
        self._images += images

    @property
    def pending(self) -> bool:
        """Whether there is something to report."""
        return bool(self._losses)

    @property
    def step_seconds(self) -> float:
        """How long a step has taken on average since the last report, or a guess."""
        return max(time.perf_counter() - self._since, 1e-6) / len(self._losses) if self._losses else 0.01

    def report(self, mean: Callable[[Tensor], Tensor]) -> list[events.Event]:
        """The losses since the last report, and a `Timing` where something was timed.

        Waits for the device. `mean` takes this process's losses and gives those of the whole batches.
        """
        if not self._losses:
            return []
        losses: list[float] = mean(torch.stack(self._losses)).tolist()
        seconds = max(time.perf_counter() - self._since, 1e-9)
        found: list[events.Event] = [
            events.Metric(time=when, name="loss", step=step, value=loss)
            for (step, when), loss in zip(self._when, losses, strict=True)
        ]
        step, when = self._when[-1]
        if self._norms:
            norms = torch.stack(list(self._norms.values())).tolist()
            milliseconds = {phase: round(median(taken) * 1e3, 3) for phase, taken in self._phases.items()}
            found.append(
                events.Timing(
                    time=when,
                    step=step,
                    images_per_second=round(self._images / seconds, 1),
                    data=milliseconds["data"],
                    forward=milliseconds["forward"],
                    backward=milliseconds["backward"],
                    update=milliseconds["update"],
                    gradients=dict(zip(self._norms, norms, strict=True)),
                )
            )
        self.images += self._images
        self.seconds += seconds
        self._losses, self._when, self._norms, self._images = [], [], {}, 0
        self.resume()
        return found


def _norm(parameters: list[nn.Parameter]) -> Tensor:
    """The Euclidean norm of all their gradients taken together, on the device."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return parameters[0].new_zeros(())  # frozen
    total: Tensor = torch.stack([gradient.norm() for gradient in gradients]).norm()
    return total
