"""Notice training where it happens: in ``backward()``. Every outermost call is seen, every scalar loss noted.

What the learner names with ``track()`` comes to the same curves.
"""

from __future__ import annotations

import sys
import weakref
from _thread import get_ident
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import torch

from ptlearn_tui.events import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

LOT = 0.05  # seconds between two lots of points
DEVICE_LOT = 0.5  # the same where reading them waits for a GPU
COUNT = 4_096  # losses that wait at most


class Observer(Protocol):
    """Who wants to know of ``backward()``."""

    def before(self, root: torch.Tensor, loss: torch.Tensor | None, caller: FrameType) -> Any:
        """`caller` is about to differentiate `root`. `loss` is its value, unscaled, if it is one number."""

    def after(self, token: Any) -> None:
        """It has been; `token` is what `before` gave, if it was not None."""


class _Now:
    """Who notices at present. One for the process: the learner may keep ``backward`` under a name of their own."""

    observer: Observer | None = None
    owner = 0  # the thread
    inside = False  # a backward()
    unscaled: tuple[weakref.ref[torch.Tensor], torch.Tensor] | None = None  # what GradScaler scaled last


_original_backward = torch.autograd.backward
_METHOD = torch.Tensor.backward.__code__
_original_scale = torch.amp.GradScaler.scale


@contextmanager
def noticing(observer: Observer) -> Iterator[None]:
    """Tell `observer` of each outermost ``backward()`` of this thread; reentrant ones (checkpoints) are not losses.

    ``Tensor.backward`` goes through ``torch.autograd.backward`` too. ``autograd.grad`` is not seen.
    """
    _Now.observer, _Now.owner, _Now.inside = observer, get_ident(), False
    torch.autograd.backward = _backward
    torch.amp.GradScaler.scale = _scale  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.autograd.backward = _original_backward
        torch.amp.GradScaler.scale = _original_scale  # type: ignore[method-assign]
        _Now.observer = _Now.unscaled = None


def _backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    now = _Now
    observer = now.observer
    if observer is None or now.inside or get_ident() != now.owner:
        return _original_backward(tensors, grad_tensors, retain_graph, create_graph, grad_variables, inputs)
    root, token = tensors, None
    if isinstance(tensors, (list, tuple)) and len(tensors) == 1:
        root = tensors[0]
    now.inside = True
    try:
        if isinstance(root, torch.Tensor):
            loss = root if grad_tensors is None and root.numel() == 1 else None
            if now.unscaled is not None and now.unscaled[0]() is root:
                loss = now.unscaled[1]
            caller = sys._getframe(1)
            if caller.f_code is _METHOD and caller.f_back is not None:
                caller = caller.f_back
            token = observer.before(root, loss, caller)
        _original_backward(tensors, grad_tensors, retain_graph, create_graph, grad_variables, inputs)
    finally:
        now.inside, now.unscaled = False, None
    if token is not None:
        observer.after(token)
    return None


def _scale(self: Any, outputs: Any) -> Any:
    result = _original_scale(self, outputs)
    if isinstance(result, torch.Tensor) and result is not outputs and _Now.observer is not None:
        _Now.unscaled = weakref.ref(result), outputs.detach()
    return result


class Series:
    """The losses of one call site. Numbers in a list, not records: thousands of those keep the collector busy."""

    def __init__(self, name: str, least: int = 2) -> None:
        self.name = name
        self.least = least  # points before any is given out: one backward() is no curve
        self.silent = False  # the learner tracks it by this name
        self.told = 0  # points that have been given out
        self.waiting: list[float | torch.Tensor] = []

    def read(self) -> list[float]:
        """The values that wait; those that stand on a device in one transfer."""
        waiting, self.waiting = self.waiting, []
        on_device = [value for value in waiting if isinstance(value, torch.Tensor)]
        if not on_device:
            return waiting  # type: ignore[return-value]
        if len({value.device for value in on_device}) > 1:  # the net moved in between
            on_device = [value.cpu() for value in on_device]
        with torch.no_grad():
            read = iter(torch.stack(on_device).tolist())
        return [next(read) if isinstance(value, torch.Tensor) else value for value in waiting]


class Losses:
    """Collects the losses of a cell, one series a call site, and gives them out in lots, each point as a Metric.

    On the CPU a point costs one ``item()`` (0.5 µs). On a device a detached copy stays there, and a lot is read back
    in one transfer, twice a second. A series begins to be told with its second point: one backward() is no curve.
    What the learner tracks is told from its first.
    """

    def __init__(self, give: Callable[[Metric], None], cell: int) -> None:
        self._give = give
        self._cell = cell
        self._series: list[Series] = []
        self._tracked: dict[str, Series] = {}
        self._due = 0.0

    def series(self, name: str) -> Series:
        """A series of its own for a call site; a name that is taken gets a number: ``loss 2``."""
        series = self._new(name, least=2)
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
                    noticed.waiting.clear()
            series = self._tracked[name] = self._new(name, least=1)
        self.add(series, value, now)

    def _new(self, name: str, least: int) -> Series:
        taken = {series.name for series in self._series}
        number, free = 2, name
        while free in taken:
            free = f"{name} {number}"
            number += 1
        self._series.append(Series(free, least))
        return self._series[-1]

    def add(self, series: Series, loss: torch.Tensor | float, now: float) -> None:
        """One more loss, at `now` (seconds). Raises nothing: what can't be read is left out."""
        if series.silent:
            return
        here = not isinstance(loss, torch.Tensor) or loss.is_cpu
        try:
            if not isinstance(loss, torch.Tensor):
                series.waiting.append(loss)
            elif loss.is_cpu:
                series.waiting.append(float(loss.item()))
            elif not loss.is_meta:
                series.waiting.append(loss.detach().clone().reshape(()).to(torch.float32))
        except (RuntimeError, TypeError, ValueError):  # under vmap, meta, complex
            return
        if now >= self._due or len(series.waiting) >= COUNT:
            self._due = now + (LOT if here else DEVICE_LOT)
            self.flush()

    def flush(self) -> None:
        """Give out what has come together."""
        for series in self._series:
            if series.told + len(series.waiting) < series.least:
                continue
            for value in series.read():
                series.told += 1
                self._give(Metric(cell=self._cell, name=series.name, step=series.told, value=value))
