"""What the rules are fed with, and when: `Traps` hands to each what it needs.

It is fed what is noticed anyway: calls of backward(), steps of optimizers, curves of losses, the text. The order of a
step is watched in the first calls only (`CALLS`, `STEPS`); after that there is nothing to pay but a look at lots of
losses. A rule that raises switches all of them off.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from ptlearn_tui.introspect.autograd import leaves
from ptlearn_tui.introspect.traps import graphs
from ptlearn_tui.introspect.traps.evaluation import Evaluation
from ptlearn_tui.introspect.traps.loops import Loops
from ptlearn_tui.introspect.traps.losses import Losses
from ptlearn_tui.introspect.traps.steps import Steps
from ptlearn_tui.introspect.traps.text import Text, look_at_end, release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from ptlearn_tui.introspect.traps.records import NameOf, Say, Where

CALLS = 16  # backward() calls that are watched
STEPS = 8  # steps of optimizers that are
NAMES = 200  # of a namespace that are looked through

F = TypeVar("F", bound="Callable[..., Any]")


class Token(NamedTuple):
    """What lives as long as a backward() does."""

    where: Where
    stamped: list[tuple[torch.Tensor, int, int]]
    finite: bool


def _safe(function: F) -> F:
    """The learner's code comes first."""

    @wraps(function)
    def guarded(self: Traps, *args: Any, **kwargs: Any) -> Any:
        if self.off:
            return None
        try:
            return function(self, *args, **kwargs)
        except Exception:
            self.off, self.open = True, False
            return None

    return guarded  # type: ignore[return-value]


class Traps:
    """The rules, for one cell or one run.

    `tell` gets each trap once a line. `where` gives the place of a frame, or of the learner's frame that called it.
    `source` is the text whose file name is `file`.
    """

    def __init__(
        self, tell: Say, where: Callable[[FrameType | None], Where], name_of: NameOf, source: str = "", file: str = ""
    ) -> None:
        self.open = True  # each backward() is to be told
        self.off = False
        self._tell = tell
        self._where = where
        self._name_of = name_of
        self._told: set[tuple[str, Where]] = set()
        self._steps = Steps(self.say, name_of)
        self._text = Text(source, file)
        self._loops = Loops(self._text, self.say)
        self._evaluation = Evaluation(self._text, self.say)
        self._losses: dict[str, Losses] = {}
        self._sites: dict[Where, int] = {}  # calls of backward() -> classes
        self._hook: Any = None
        self._owner = get_ident()
        self._until = (CALLS, STEPS)

    def say(self, code: str, where: Where, facts: dict[str, str]) -> None:
        """A trap: once a line."""
        if where[0] >= 0 and (code, where) not in self._told:
            self._told.add((code, where))
            self._tell(code, where, facts)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the code runs."""
        self._listen()
        try:
            with self._evaluation.watching(self._guard, self._where):
                yield
        finally:
            self.close()

    def _guard(self) -> bool:
        return not self.off

    def _listen(self) -> None:
        if self._hook is None:
            self._hook = register_optimizer_step_post_hook(self._stepped)

    def close(self) -> None:
        """Nothing is told of single calls any more."""
        self.open = False
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    @_safe
    def before(self, root: torch.Tensor, loss: torch.Tensor | None, where: Where, caller: FrameType) -> Token | None:
        """backward() is about to run. Nothing is kept but by the token."""
        steps = self._steps
        if steps.calls >= self._until[0] or steps.steps >= self._until[1]:
            self.close()
            return None
        found = leaves(root)
        new = where not in self._sites
        if new:
            self._sites[where] = graphs.look(root, where, self.say)
            graphs.look_at_types(root, found, where, self.say)
            for name, module in _modules(caller):
                steps.network(name, module, found)
        self._loops.turn(caller, where, steps.calls)
        stamped = steps.before(found)
        finite = graphs.look_at_numbers(loss, steps.calls, where, self.say)
        return Token(where, stamped, finite)

    @_safe
    def after(self, token: Token) -> None:
        """It has run."""
        self._steps.after(token.stamped)
        if token.finite:
            reached = (leaf for leaf, _, _ in token.stamped)
            graphs.look_at_gradients(reached, self._steps.calls, token.where, self._name_of, self.say)

    @_safe
    def _stepped(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if get_ident() == self._owner:
            frame = sys._getframe(2)
            self._steps.stepped(optimizer, lambda: self._where(frame))

    @_safe
    def losses(self, name: str, where: Where, values: list[float]) -> None:
        """More of a curve, as they come in lots."""
        curve = self._losses.get(name)
        if curve is None:
            curve = self._losses[name] = Losses(where, self.say)
        curve.classes = self._sites.get(where, 0)
        curve.more(values, alone=len(self._sites) == 1 and self._steps.steps > 0)
        if not self.open and self._steps.suspicious():
            self._until = (self._steps.calls + 3, self._steps.steps + 3)
            self.open = True
            self._listen()

    @_safe
    def end(self, namespace: Mapping[str, Any], bound: Mapping[str, int], cell: int) -> None:
        """The code has ended. `bound`: the names that it has bound -> lines."""
        self._steps.end(namespace.values())
        self._evaluation.end(namespace, cell)
        look_at_end(self._text, namespace, bound, cell, self.say)


def _modules(frame: FrameType) -> list[tuple[str, nn.Module]]:
    """The networks that have a name where backward() is called. A snapshot of a function's names is not left there."""
    found: dict[int, tuple[str, nn.Module]] = {}
    scopes: list[Any] = [frame.f_locals]
    if frame.f_globals is not scopes[0]:
        scopes.append(frame.f_globals)
    for names in scopes:
        for name, value in list(names.items())[-NAMES:]:
            if isinstance(value, nn.Module) and not name.startswith("_"):
                found.setdefault(id(value), (name, value))
    release(frame, scopes[0])
    return list(found.values())
