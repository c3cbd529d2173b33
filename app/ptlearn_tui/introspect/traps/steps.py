"""Traps in the order of a training step: backward(), step() and zero_grad(), told from what each did to gradients.

Nobody watches zero_grad(): a gradient that is the same tensor in the same version has not been cleared, whatever
the way to clear it (``p.grad = None``, ``p.grad.zero_()``, ``net.zero_grad()``).
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ptlearn_tui.introspect.traps.records import NameOf, Say, Where

MOST = 400  # parameters that are asked
_MODAL = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)


def modal(module: nn.Module) -> str:
    """The class of its first layer that acts otherwise in eval mode; "" if there is none."""
    for layer in islice(module.modules(), 2_000):
        if isinstance(layer, _MODAL) and getattr(layer, "p", 1.0) > 0:
            return type(layer).__name__
    return ""


def version_of(tensor: torch.Tensor | None) -> int:
    """How often it was changed; -1 where nobody counts."""
    try:
        return -1 if tensor is None else tensor._version
    except RuntimeError:
        return -1


@dataclass(slots=True)
class _Fed:
    """A leaf to which backward() gave a gradient."""

    leaf: weakref.ref[torch.Tensor]
    call: int  # the number of that backward()
    version: int  # of the gradient after it
    nonzero: bool


@dataclass(slots=True)
class _Known:
    """An optimizer that has stepped."""

    optimizer: weakref.ref[torch.optim.Optimizer]
    where: Where
    steps: int = 0
    call: int = 0  # the number of the last backward() before its last step
    empty: int = 0  # steps before any backward(), with no gradient
    sample: weakref.ref[torch.Tensor] | None = None  # a parameter that had a gradient in the last step …
    grad: weakref.ref[torch.Tensor] | None = None  # … and that gradient
    version: int = -1
    same: bool = False  # nothing but backward() has changed it since
    grown: bool = False  # and backward() has


@dataclass(slots=True)
class _Mode:
    """A network with layers that act otherwise in eval mode."""

    module: weakref.ref[nn.Module]
    layer: str
    name: str
    trained: bool = False


class Steps:
    """The rules; `say` is told a trap."""

    def __init__(self, say: Say, name_of: NameOf) -> None:
        self.calls = 0
        self.steps = 0
        self.modes: dict[int, _Mode] = {}
        self._say = say
        self._name_of = name_of
        self._known: dict[int, _Known] = {}
        self._fed: dict[int, _Fed] = {}
        self._first: dict[int, tuple[weakref.ref[torch.Tensor], int]] = {}  # a parameter, its version when first fed

    def before(self, leaves: list[torch.Tensor]) -> list[tuple[torch.Tensor, int, int]]:
        """backward() is about to run: what to hand to `after`."""
        self.calls += 1
        for known in self._known.values():
            if known.same and not _as_it_was(known):
                known.same = False
        return [(leaf, id(leaf.grad), version_of(leaf.grad)) for leaf in leaves[:MOST]]

    def after(self, stamped: list[tuple[torch.Tensor, int, int]]) -> None:
        """It has run."""
        for leaf, grad, version in stamped:
            now = leaf.grad
            if now is None or (id(now) == grad and version_of(now) == version):
                continue
            nonzero = len(self._fed) < 4 and bool(now.detach().any())
            old = self._fed.get(id(leaf))
            self._fed[id(leaf)] = _Fed(
                weakref.ref(leaf), self.calls, version_of(now), nonzero or (old is not None and old.nonzero)
            )
            if isinstance(leaf, nn.Parameter):
                self._first.setdefault(id(leaf), (weakref.ref(leaf), version_of(leaf)))
        for known in self._known.values():
            sample = known.sample() if known.sample is not None else None
            if known.same and sample is not None and version_of(sample.grad) != known.version:
                known.grown, known.version = True, version_of(sample.grad)

    def stepped(self, optimizer: torch.optim.Optimizer, where: Callable[[], Where]) -> None:
        """An optimizer has made a step."""
        self.steps += 1
        known = self._known.get(id(optimizer))
        if known is None or known.optimizer() is not optimizer:
            known = self._known[id(optimizer)] = _Known(weakref.ref(optimizer), where())
        known.steps += 1
        params = list(islice((p for group in optimizer.param_groups for p in group["params"]), MOST))
        fed = [
            each
            for param in params
            if (each := self._fed.get(id(param))) is not None and each.leaf() is param and each.call > known.call
        ]
        if not fed:
            if known.call == 0 and all(param.grad is None for param in params):
                known.empty += 1
        elif all(_cleared(each) for each in fed):
            if known.empty:
                self._say("step-before-backward", known.where, {})
            else:
                self._say("zero-grad-before-step", where(), {})
        elif known.same and known.grown:
            self._say("no-zero-grad", where(), {})
        self._modes(params, bool(fed), where)
        known.call = self.calls
        known.sample = known.grad = None
        known.same = known.grown = False
        for param in params:
            if param.grad is not None and not param.grad.is_sparse:
                known.sample, known.grad = weakref.ref(param), weakref.ref(param.grad)
                known.version, known.same = version_of(param.grad), True
                break

    def _modes(self, params: list[Any], fed: bool, where: Callable[[], Where]) -> None:
        if not self.modes or not fed:
            return
        ids = {id(param) for param in params}
        for mode in self.modes.values():
            module = mode.module()
            if module is None or not any(id(param) in ids for param in islice(module.parameters(), 4)):
                continue
            if module.training:
                mode.trained = True
            elif mode.trained:
                facts = {"layer": mode.layer} | ({"net": mode.name} if mode.name else {})
                self._say("train-forgotten", where(), facts)

    def network(self, name: str, module: nn.Module, leaves: Iterable[torch.Tensor]) -> None:
        """A network that the learner has; of interest if `leaves` are its own and it has dropout, say."""
        if id(module) in self.modes:
            return
        ids = {id(leaf) for leaf in leaves}
        if any(id(param) in ids for param in islice(module.parameters(), 4)):
            layer = modal(module)
            if layer:
                self.modes[id(module)] = _Mode(weakref.ref(module), layer, name)

    def suspicious(self) -> bool:
        """Whether a network that was trained is in eval mode."""
        modules = ((mode, mode.module()) for mode in self.modes.values())
        return any(mode.trained and module is not None and not module.training for mode, module in modules)

    def end(self, others: Iterable[object]) -> None:
        """The cell has ended. `others`: what the learner has, optimizers among it."""
        for known in self._known.values():
            if known.empty and known.steps == 1 and self._later(known):
                self._say("step-before-backward", known.where, {})
        if self._known:
            self._left_out(others)

    def _later(self, known: _Known) -> bool:
        optimizer = known.optimizer()
        params = [] if optimizer is None else [p for group in optimizer.param_groups for p in group["params"]]
        found = (self._fed.get(id(param)) for param in params)
        return any(each is not None and each.call > known.call for each in found)

    def _left_out(self, others: Iterable[object]) -> None:
        optimizers = [known.optimizer() for known in self._known.values()]
        if None in optimizers:  # gone, and its parameters with it
            return
        optimizers += [other for other in others if isinstance(other, torch.optim.Optimizer)]
        held = {
            id(p) for each in optimizers if each is not None for group in each.param_groups for p in group["params"]
        }
        left = []
        for key, (leaf, version) in self._first.items():
            param = leaf()
            if param is not None and key not in held and version_of(param) == version:
                left.append(param)
        if not left or not any(key in held for key in self._first):
            return
        facts = {"count": str(len(left))}
        name = self._name_of(left[0])
        if name:
            facts["name"] = name
        self._say("parameters-not-in-optimizer", next(iter(self._known.values())).where, facts)


def _as_it_was(known: _Known) -> bool:
    sample = known.sample() if known.sample is not None else None
    grad = known.grad() if known.grad is not None else None
    return sample is not None and grad is not None and sample.grad is grad and version_of(grad) == known.version


def _cleared(fed: _Fed) -> bool:
    leaf = fed.leaf()
    if leaf is None or leaf.grad is None:
        return True
    return fed.nonzero and version_of(leaf.grad) != fed.version and not bool(leaf.grad.any())
