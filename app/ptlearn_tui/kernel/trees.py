"""The modules of a cell: those that it calls, with what their layers did, and those that it only makes."""

from __future__ import annotations

from itertools import islice
from types import FunctionType
from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from torch import nn

from ptlearn_tui.introspect.forward import Forwards, Pass, worth_telling
from ptlearn_tui.introspect.groups import ALONE
from ptlearn_tui.introspect.modules import describe
from ptlearn_tui.kernel.backward import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ptlearn_tui.events import Event

NAMES = 500  # of the newest variables that are looked through
DEEP = 200  # layers of each


class Trees:
    """Looks at the first passes of each statement of one cell."""

    def __init__(
        self, cell: int, namespace: dict[str, Any], emit: Callable[[Event], None], *, off: bool = False
    ) -> None:
        """`off`: the cell takes the time of something, and hooks take some too."""
        self._cell = cell
        self._namespace = namespace
        self._emit = emit
        self._off = off
        self._line = 0
        self._called: set[int] = set()  # ids of the modules that this statement has called
        self._forwards = Forwards(self._passed)

    def begins(self, line: int) -> None:
        """A top-level statement."""
        self._line = line
        self._called.clear()
        if not self._off and not any(_is_compiled(value) for _, value in self._newest() if type(value) not in ALONE):
            self._forwards.arm()

    def ended(self, names: Iterable[str]) -> None:
        """It has ended, and has bound `names`."""
        self._forwards.disarm()
        for name in names:
            module = self._namespace.get(name)
            if isinstance(module, nn.Module) and worth_telling(module) and id(module) not in self._called:
                self._tell(name, module, self._line, None)

    def end(self) -> None:
        """The cell has ended, in whatever way."""
        self._forwards.disarm()

    def _passed(self, passed: Pass) -> None:
        self._called.add(id(passed.module))
        cell, line = place_of(passed.caller)
        if cell == -1:
            cell, line = self._cell, self._line
        self._tell(self._name_of(passed.module), passed.module, line, passed, cell)

    def _tell(self, name: str, module: nn.Module, line: int, passed: Pass | None, cell: int | None = None) -> None:
        try:
            elsewhere = UNSET if cell in (None, self._cell) else cell
            self._emit(describe(name, module, line, passed, cell=self._cell, line_cell=elsewhere))
        except Exception:  # a module that can't be walked is one without a tree
            pass

    def _newest(self) -> list[tuple[str, Any]]:
        return list(islice(reversed(self._namespace.items()), NAMES))

    def _name_of(self, module: nn.Module) -> str:
        """The variable that holds it, or one that it is a layer of; else its class."""
        newest = self._newest()
        for name, value in newest:
            if value is module and not name.startswith("_"):
                return name
        paths = [
            f"{name}.{path}"
            for name, value in newest
            if isinstance(value, nn.Module) and not name.startswith("_")
            for path, layer in islice(value.named_modules(), DEEP)
            if layer is module
        ]
        return min(paths, key=lambda path: path.count("."), default=type(module).__name__)


def _is_compiled(value: object) -> bool:
    """By `torch.compile`: with hooks about it would be compiled once more."""
    if isinstance(value, FunctionType):
        return "_torchdynamo_orig_callable" in value.__dict__
    return type(value).__name__ == "OptimizedModule"
