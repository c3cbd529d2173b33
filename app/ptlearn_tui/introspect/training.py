"""Notice training where it happens: in ``backward()`` and in an optimizer's ``step()``, from outside.

Noticing stands in the learner's inner loop, after PyTorch has emptied the caches. So `_make` and `rates_of` keep what
they need in closures, and whatever need not happen in every step is behind one comparison.
"""

from __future__ import annotations

import sys
import weakref
from _thread import get_ident
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.overrides import has_torch_function_unary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import CodeType, FrameType

    from ptlearn_tui.introspect.curves import Curves, Series


@dataclass(slots=True, kw_only=True)
class CallSite:
    """A call of ``backward()`` whose losses need only be written down, until it is due."""

    read: Callable[[torch.Tensor], Any] = torch.Tensor.item  # what is kept of a loss
    add: Callable[[Any], object] = float  # takes that
    due: float = -inf  # on the observer's clock: from then on the observer is told


class Observer(Protocol):
    """Who wants to know of training."""

    clock: Callable[[], float]

    @property
    def sites(self) -> Mapping[tuple[int, int], CallSite]:
        """The calls it knows, by the id of a code object and instruction."""

    def before(self, root: torch.Tensor, loss: torch.Tensor | None, caller: FrameType) -> Any:
        """`caller` is about to differentiate `root`. `loss` is its value, unscaled, if it is one number."""

    def after(self, token: Any) -> None:
        """It has been; `token` is what `before` gave, if it was not None."""

    def stepped(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        """An optimizer has made a step (PyTorch's own hook)."""


@contextmanager
def noticing(observer: Observer) -> Iterator[None]:
    """Tell `observer` of each outermost ``backward()`` of this thread; reentrant ones (checkpoints) are not losses.

    ``autograd.grad`` is not seen.
    """
    _watch(observer)
    torch.Tensor.backward = _method  # type: ignore[method-assign]
    torch.autograd.backward = _function
    torch.amp.GradScaler.scale = _scale  # type: ignore[method-assign]
    steps = register_optimizer_step_post_hook(observer.stepped)
    try:
        yield
    finally:
        steps.remove()
        torch.Tensor.backward = _original_method  # type: ignore[method-assign]
        torch.autograd.backward = _original_function
        torch.amp.GradScaler.scale = _original_scale  # type: ignore[method-assign]
        _watch(None)


_original_method: Callable[..., None] = torch.Tensor.backward
_METHOD = torch.Tensor.backward.__code__
_original_function = torch.autograd.backward
_original_scale = torch.amp.GradScaler.scale


_UNKNOWN = CallSite()  # a call that the observer does not know: it is told at once


def _make() -> tuple[Callable[..., None], Callable[..., None], Callable[..., Any], Callable[[Observer | None], None]]:
    """``Tensor.backward``, ``autograd.backward``, ``GradScaler.scale``, and what says who watches them from now on.

    Made once for the process: the learner may keep one of them under a name of their own.
    """
    original, frame = _original_function, sys._getframe
    owner = 0  # the thread that is watched; 0 while nobody watches
    inside = False  # a backward()
    unscaled: tuple[weakref.ref[torch.Tensor], torch.Tensor] | None = None  # what GradScaler scaled last
    watcher: Any = None  # the observer, and what is asked of it in every step
    clock: Callable[[], float] = float
    sites: Mapping[tuple[int, int], CallSite] = {}
    code: CodeType | None = None  # where the last call stood …
    instruction = 0
    site = _UNKNOWN  # … and what is known of it

    def watch(observer: Observer | None) -> None:
        nonlocal owner, inside, unscaled, watcher, clock, sites, code, site
        owner, inside, unscaled, watcher, sites, code, site = 0, False, None, observer, {}, None, _UNKNOWN
        if observer is not None:
            owner, clock, sites = get_ident(), observer.clock, observer.sites

    def method(
        self: torch.Tensor,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """The fast way: 1.7 µs in a loop that does nothing else, of which `item` and the rest are one half each."""
        nonlocal inside
        if inside or get_ident() != owner or has_torch_function_unary(self):
            _original_method(self, gradient, retain_graph, create_graph, inputs)
            return
        token = None
        inside = True
        try:
            caller = frame(1)
            if caller.f_code is not code or caller.f_lasti != instruction:
                turn_to(caller)
            if clock() < site.due and gradient is None and unscaled is None:
                try:
                    site.add(site.read(self))
                except RuntimeError:  # several numbers; under vmap: no loss
                    pass
            else:
                token = tell(self, gradient, caller)
            original(self, gradient, retain_graph, create_graph, None, inputs)  # all that is left of the method
        finally:
            inside = False
        if token is not None:
            watcher.after(token)

    def function(
        tensors: Any,
        grad_tensors: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        grad_variables: Any = None,
        inputs: Any = None,
    ) -> None:
        nonlocal inside
        if inside or get_ident() != owner:
            original(tensors, grad_tensors, retain_graph, create_graph, grad_variables, inputs)
            return
        token = None
        inside = True
        try:
            token = tell(tensors, grad_tensors, frame(1))
            original(tensors, grad_tensors, retain_graph, create_graph, grad_variables, inputs)
        finally:
            inside = False
        if token is not None:
            watcher.after(token)

    def turn_to(caller: FrameType) -> None:
        nonlocal code, instruction, site
        code, instruction = caller.f_code, caller.f_lasti
        site = sites.get((id(code), instruction), _UNKNOWN)

    def tell(tensors: Any, gradient: Any, caller: FrameType) -> Any:
        nonlocal unscaled
        scaled, unscaled = unscaled, None
        root = tensors[0] if isinstance(tensors, (list, tuple)) and len(tensors) == 1 else tensors
        if not isinstance(root, torch.Tensor):
            return None
        loss = root if gradient is None and root.numel() == 1 else None
        if scaled is not None and scaled[0]() is root:
            loss = scaled[1]
        if caller.f_code is _METHOD and caller.f_back is not None:
            caller = caller.f_back
        token = watcher.before(root, loss, caller)
        turn_to(caller)
        return token

    def scale(self: Any, outputs: Any) -> Any:
        nonlocal unscaled
        result = _original_scale(self, outputs)
        if isinstance(result, torch.Tensor) and result is not outputs and get_ident() == owner:
            unscaled = weakref.ref(result), outputs.detach()
        return result

    # help() and inspect say of them what they say of the originals.
    return wraps(_original_method)(method), wraps(original)(function), wraps(_original_scale)(scale), watch


_method, _function, _scale, _watch = _make()


# ---- learning rates --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Rate:
    """The learning rate of one optimizer."""

    optimizer: weakref.ref[torch.optim.Optimizer]
    held: object  # what the optimizer held: while it is the same object, there is nothing to do; None once it is drawn
    value: float
    steps: int = 0
    series: Series | None = None  # once it has changed


def rates_of(curves: Curves, clock: Callable[[], float]) -> Callable[..., None]:
    """A hook for optimizers that draws ``rate``, of the first parameter group, one point a step.

    A rate that stays what it is is no curve: its first point is the last step before it changed. A rate that is a
    tensor (``capturable=True``) is left out: reading it would wait for the GPU.
    """
    owner = get_ident()
    rates: dict[int, _Rate] = {}

    def stepped(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        try:
            known, held = rates.get(id(optimizer)), optimizer.param_groups[0]["lr"]
            if known is not None and held is known.held:
                known.steps += 1
            elif isinstance(held, (int, float)) and get_ident() == owner:
                tell(known or remember(optimizer, held), held)
        except (AttributeError, LookupError, TypeError):  # an optimizer of the learner's own may have no rate
            pass

    def remember(optimizer: torch.optim.Optimizer, rate: float) -> _Rate:
        key = id(optimizer)
        # Gone with the optimizer: its address may be that of another one then.
        known = rates[key] = _Rate(weakref.ref(optimizer, lambda _: forget(key)), rate, float(rate))
        return known

    def forget(key: int) -> None:
        del rates[key]

    def tell(known: _Rate, rate: float) -> None:
        known.steps += 1
        known.held = rate
        if known.series is None and rate != known.value:
            known.series = curves.series("rate", least=1, step=known.steps - 2)
            curves.add(known.series, known.value, clock())
        known.value = float(rate)
        if known.series is not None:
            known.held = None
            curves.add(known.series, known.value, clock())

    return stepped
