"""Step through a cell: after each of its statements it stands still, says what that changed, and waits for a word."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ptlearn_tui.events import Step
from ptlearn_tui.introspect.groups import members
from ptlearn_tui.introspect.storages import Storages
from ptlearn_tui.kernel.watch import stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptlearn_tui.events import Event
    from ptlearn_tui.kernel.marks import Site
    from ptlearn_tui.kernel.watch import Stamp, Watch

NAMES = 1_000  # of the namespace that are looked at after every statement


class _Seen(NamedTuple):
    """What is known of the variables at a moment. Stamps, no objects: nothing is kept alive."""

    names: dict[str, tuple[int, int]]  # id; length of a built-in container, which may have grown
    tensors: dict[str, Stamp]  # of variables, and of what modules, lists and dicts hold


class Stepping:
    """One cell's steps: its top-level statements, and those of its loops and branches; never inside functions."""

    def __init__(
        self,
        cell: int,
        tree: ast.Module,
        namespace: Mapping[str, Any],
        emit: Callable[[Event], None],
        wait: Callable[[], str],
    ) -> None:
        """`wait` blocks until the learner says a word: "next", "loop" (to its end), "end" (of the cell) or "stop"."""
        self._cell = cell
        self._namespace = namespace
        self._emit = emit
        self._wait = wait
        self._loops = [
            (node.lineno, node.end_lineno or node.lineno)
            for node in ast.walk(tree)  # from the outside in
            if isinstance(node, ast.For | ast.While | ast.AsyncFor)
        ]
        self._within: tuple[int, int] | None = None  # the loop that runs to its end
        self._over = False  # so does the cell
        self._compound = False  # the top-level statement that runs holds others
        self._stood = False  # and there was a step in it
        self._seen = self._look()

    def begins(self, *, compound: bool) -> None:
        """A top-level statement begins."""
        self._compound, self._stood = compound, False

    def inside(self, site: Site, watch: Watch) -> None:
        """A statement has run. Those inside a loop or a branch are steps of their own."""
        passing = self._within is not None and self._within[0] <= site.line <= self._within[1]
        if self._compound and site.module and not self._over and not passing:
            self._stand(site.line, watch)

    def ended(self, line: int) -> None:
        """A top-level statement has ended: one step, unless there were steps in it; after a loop run to its end."""
        if not self._over and (not self._stood or self._within is not None):
            self._stand(line)

    def _stand(self, line: int, watch: Watch | None = None) -> None:
        """Say what has changed since the last step, and wait. Raises KeyboardInterrupt where it is to be the last."""
        before, self._seen = self._seen, self._look()
        step = self._told(line, before, self._seen)
        if watch is not None:
            watch.glance(line, [name for name in step.changed if name in self._namespace])
        self._emit(step)
        self._stood, self._within = True, None
        match self._wait():
            case "loop":
                around = [loop for loop in self._loops if loop[0] <= line <= loop[1]]
                self._within = around[-1] if around else None
            case "end":
                self._over = True
            case "stop":
                raise KeyboardInterrupt

    def _look(self) -> _Seen:
        names: dict[str, tuple[int, int]] = {}
        tensors: dict[str, Stamp] = {}
        for name, value in list(self._namespace.items())[-NAMES:]:
            if not name.startswith("_"):
                names[name] = id(value), len(value) if type(value) in (list, dict, set) else 0
                tensors |= {inner: stamp_of(tensor) for inner, tensor in self._tensors(name, value)}
        return _Seen(names, tensors)

    @staticmethod
    def _tensors(name: str, value: object) -> list[tuple[str, torch.Tensor]]:
        return [(inner, tensor) for inner, tensor in members(name, value) if isinstance(tensor, torch.Tensor)]

    def _told(self, line: int, before: _Seen, now: _Seen) -> Step:
        changed = [name for name, stamp in now.names.items() if before.names.get(name) != stamp]
        grads = []
        for name, stamp in now.tensors.items():
            was = before.tensors.get(name)
            if was is None or was.tensor != stamp.tensor:
                continue  # its variable is new, and told above
            if was.version != stamp.version and name not in changed:
                changed.append(name)  # in place, or by an optimizer
            if (was.grad, was.grad_version) != (stamp.grad, stamp.grad_version):
                grads.append(name)
        return Step(cell=self._cell, line=line, changed=changed, shared=self._shared(), grads=grads)

    def _shared(self) -> list[list[str]]:
        """Names of tensors that stand on one storage, where it is more than one name."""
        storages, groups = Storages(), dict[int, list[str]]()
        for name, value in list(self._namespace.items())[-NAMES:]:
            if isinstance(value, torch.Tensor) and not name.startswith("_"):
                number = storages.number(value)
                if number is not None:
                    groups.setdefault(number, []).append(name)
        return [names for names in groups.values() if len(names) > 1]
