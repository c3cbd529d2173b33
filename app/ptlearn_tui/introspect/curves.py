"""The curves of a cell: numbers come one at a time, and are given out in lots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import torch

from ptlearn_tui.events import Points

if TYPE_CHECKING:
    from collections.abc import Callable

LOT = 0.05  # seconds between two lots of points
DEVICE_LOT = 0.5  # the same where reading them waits for a GPU
COUNT = 4_096  # points of a curve that wait on a device at most


class Give(Protocol):
    """Takes curves that go out together."""

    def __call__(self, *curves: Points) -> None: ...


def reader(loss: torch.Tensor) -> Callable[[torch.Tensor], Any] | None:
    """What takes the values of losses like this one, in 0.5 µs on the CPU; None where there is nothing to take.

    Elsewhere reading would wait until the device has done all that it has been given: a copy stays there. Both raise
    `RuntimeError` of more than one number.
    """
    if loss.is_cpu:
        return torch.Tensor.item
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(loss)  # under vmap: no number of its own
    return None if loss.is_meta or loss.is_complex() or wrapped else _copy


def _copy(loss: torch.Tensor) -> torch.Tensor:
    """What the device will have computed; the learner, or a CUDA graph, may write another number over it."""
    loss = loss.detach()
    return (loss.reshape(()) if loss.dim() else loss).clone()  # `reshape` alone takes as long as the rest


class Series:
    """One curve. Numbers in a list, not records: thousands of those keep the collector busy."""

    def __init__(self, name: str, least: int, step: int) -> None:
        self.name = name
        self.least = least  # points before any is given out
        self.step = step  # of the last point that was given out, or of what came before the first
        self.told = False  # whether one has been
        self.silent = False  # the learner tracks it by this name
        self.heard: Callable[[list[float]], None] | None = None  # gets each lot of values too
        self.waiting: list[float | torch.Tensor] = []  # the same list always: whoever adds often keeps its `append`

    def take(self) -> list[float]:
        """The values that wait, and they wait no more. Those that stand on a device are read in one transfer."""
        waiting = self.waiting.copy()
        self.waiting.clear()
        values = [value for value in waiting if type(value) is float]
        if len(values) == len(waiting):
            return values
        on_device = [value for value in waiting if isinstance(value, torch.Tensor)]
        if len({value.device for value in on_device}) > 1:  # the net moved in between
            on_device = [value.cpu() for value in on_device]
        try:
            with torch.no_grad():
                read = map(float, torch.stack(on_device).tolist() if on_device else [])
        except RuntimeError:  # the GPU has failed, and with it what it had computed
            return values
        values = [next(read) if isinstance(value, torch.Tensor) else value for value in waiting]
        # What else `item()` gave was no loss: PyTorch differentiates nothing but real numbers.
        return [value for value in values if isinstance(value, float)]


class Curves:
    """Collects the curves of a cell, and gives them out in lots.

    On the CPU a point costs one ``item()`` (0.5 µs). On a device a detached copy stays there, and a lot is read back
    in one transfer, twice a second.
    """

    def __init__(self, give: Give, cell: int) -> None:
        self.due = 0.0  # when the next lot is given out, on the caller's clock
        self._give = give
        self._cell = cell
        self._series: list[Series] = []
        self._tracked: dict[str, Series] = {}

    def series(self, name: str, *, least: int = 2, step: int = 0) -> Series:
        """A curve of its own; a name that is taken gets a number: ``loss 2``. Its first point is that of `step` + 1.

        `least`: the points that it has before any is given out; one ``backward()`` is no curve.
        """
        series = self._new(name, least, step)
        series.silent = name in self._tracked
        return series

    def track(self, name: str, value: object, now: float) -> None:
        """One more point of what the learner calls `name`. Raises `TypeError` if it is not one number."""
        if isinstance(value, torch.Tensor):
            if value.numel() != 1:
                raise TypeError(f"track({name}=…) takes one number, not a tensor of shape {tuple(value.shape)}")
        elif isinstance(value, str) or not hasattr(type(value), "__float__"):
            raise TypeError(f"track({name}=…) takes one number, not {type(value).__name__}")
        else:
            value = float(value)  # type: ignore[arg-type]
        series = self._tracked.get(name)
        if series is None:
            for noticed in self._series:
                if noticed.name == name and not noticed.told:  # the same loss, seen in backward(): once is enough
                    noticed.silent, noticed.name = True, ""
            series = self._tracked[name] = self._new(name, 1, 0)
        self.add(series, value, now)

    def _new(self, name: str, least: int, step: int) -> Series:
        taken = {series.name for series in self._series}
        number, free = 2, name
        while free in taken:
            free = f"{name} {number}"
            number += 1
        self._series.append(Series(free, least, step))
        return self._series[-1]

    def add(self, series: Series, value: torch.Tensor | float, now: float) -> None:
        """One more point, at `now` (seconds). Raises nothing: what can't be read is left out."""
        try:
            if isinstance(value, torch.Tensor):
                read = reader(value)
                if read is None:
                    return
                value = read(value)
            kept = value if isinstance(value, torch.Tensor) else float(value)
        except (RuntimeError, TypeError, ValueError):  # under vmap, complex
            return
        series.waiting.append(kept)
        if now >= self.due or len(series.waiting) >= COUNT:
            self.due = now + (DEVICE_LOT if isinstance(kept, torch.Tensor) else LOT)
            self.flush()

    def flush(self) -> None:
        """Give out what has come together, all of it at once: sending each alone would cost five times as much."""
        lot: list[Points] = []
        for series in self._series:
            if series.silent:
                series.waiting.clear()
            if not series.waiting or (not series.told and len(series.waiting) < series.least):
                continue
            values = series.take()
            if series.heard is not None:
                series.heard(values)
            lot.append(Points(cell=self._cell, name=series.name, step=series.step + 1, values=values))
            series.step += len(values)
            series.told = True
        if lot:
            self._give(*lot)
