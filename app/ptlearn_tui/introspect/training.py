"""Notice training where it happens: in ``backward()``. Every outermost call is seen, every scalar loss noted."""

from __future__ import annotations

import sys
import time
import weakref
from _thread import get_ident
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch

from ptlearn_tui.events import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from types import FrameType

LOT = 0.05  # seconds between two lots of points
DEVICE_LOT = 0.5  # the same where reading them waits for a GPU
DEVICE_COUNT = 4_096  # losses that are kept on a device at most


class Observer(Protocol):
    """Who wants to know of ``backward()``."""

    def before(self, root: torch.Tensor, loss: torch.Tensor | None, caller: FrameType) -> Any:
        """`root` is about to be differentiated. `loss` is its value, unscaled, if it is one number."""

    def after(self, token: Any) -> None:
        """It has been; `token` is what `before` gave, if it was not None."""


@contextmanager
def noticing(observer: Observer) -> Iterator[None]:
    """Tell `observer` of each outermost ``backward()`` of this thread; reentrant ones (checkpoints) are not losses.

    ``Tensor.backward`` goes through ``torch.autograd.backward`` too. ``autograd.grad`` is not seen.
    """
    original, scale = torch.autograd.backward, torch.amp.GradScaler.scale
    owner, inside = get_ident(), False
    unscaled: dict[int, tuple[weakref.ref[torch.Tensor], torch.Tensor]] = {}

    def backward(tensors: Any, grad_tensors: Any = None, *rest: Any, **options: Any) -> None:
        nonlocal inside
        if inside or get_ident() != owner:
            return original(tensors, grad_tensors, *rest, **options)
        root = tensors[0] if isinstance(tensors, list | tuple) and len(tensors) == 1 else tensors
        inside, token = True, None
        try:
            if isinstance(root, torch.Tensor):
                loss = root if grad_tensors is None and root.numel() == 1 else None
                scaled = unscaled.pop(id(root), None) if unscaled else None
                if scaled is not None and scaled[0]() is root:
                    loss = scaled[1]
                token = observer.before(root, loss, sys._getframe(1))
            original(tensors, grad_tensors, *rest, **options)
        finally:
            inside = False
        if token is not None:
            observer.after(token)
        return None

    def remembering(self: Any, outputs: Any) -> Any:
        result = scale(self, outputs)
        if isinstance(result, torch.Tensor) and result is not outputs:
            unscaled.clear()  # one loss at a time: this must not grow
            unscaled[id(result)] = (weakref.ref(result), outputs.detach())
        return result

    torch.autograd.backward = backward
    torch.amp.GradScaler.scale = remembering  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.autograd.backward = original
        torch.amp.GradScaler.scale = scale  # type: ignore[method-assign]


class _Series:
    """The losses of one call site."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.step = 0
        self.first: float | None = None  # held back: a single backward() is no curve


class _Point(NamedTuple):
    series: _Series
    step: int
    value: float | torch.Tensor  # a detached copy, where reading it now would wait for a device


class Losses:
    """Collects the losses of a cell, one series a call site, and gives them out in lots, each point as a Metric.

    On the CPU a point costs one ``item()`` (0.5 µs). On a device a detached copy stays there, and a lot is read back
    in one transfer, twice a second. A series begins to be told with its second point.
    """

    def __init__(self, give: Callable[[Metric], None], cell: int, clock: Callable[[], float] = time.perf_counter):
        self._give = give
        self._cell = cell
        self._clock = clock
        self._series: dict[Hashable, _Series] = {}
        self._points: list[_Point] = []
        self._last = clock()
        self._wait = LOT

    def add(self, site: Hashable, name: str, loss: torch.Tensor) -> None:
        """A loss, differentiated at `site` and called `name` there. Raises nothing: what can't be read is left out."""
        series = self._series.get(site)
        if series is None:
            series = self._series[site] = _Series(self._free_name(name))
        try:
            if loss.device.type == "cpu":
                value: float | torch.Tensor = float(loss.item())
            else:
                value = loss.detach().clone().reshape(()).to(torch.float32)
                self._wait = DEVICE_LOT
        except (RuntimeError, TypeError, ValueError):  # under vmap, complex, meta
            return
        series.step += 1
        self._points.append(_Point(series, series.step, value))
        if self._clock() - self._last >= self._wait or len(self._points) >= DEVICE_COUNT:
            self.flush()

    def flush(self) -> None:
        """Give out what has come together."""
        points, self._points = self._points, []
        self._last = self._clock()
        for (series, step, _), value in zip(points, _read(points), strict=True):
            if step == 1:
                series.first = value
                continue
            if step == 2 and series.first is not None:
                self._give(Metric(cell=self._cell, name=series.name, step=1, value=series.first))
            self._give(Metric(cell=self._cell, name=series.name, step=step, value=value))

    def _free_name(self, name: str) -> str:
        taken = {series.name for series in self._series.values()}
        number = 2
        free = name
        while free in taken:
            free = f"{name} {number}"
            number += 1
        return free


def _read(points: list[_Point]) -> list[float]:
    """Their values, those on each device in one transfer."""
    devices: dict[torch.device, list[int]] = {}
    values = [0.0 if isinstance(point.value, torch.Tensor) else point.value for point in points]
    for index, point in enumerate(points):
        if isinstance(point.value, torch.Tensor):
            devices.setdefault(point.value.device, []).append(index)
    for indices in devices.values():
        with torch.no_grad():
            together = torch.stack([points[index].value for index in indices])  # type: ignore[misc]
        for index, value in zip(indices, together.tolist(), strict=True):
            values[index] = value
    return values
