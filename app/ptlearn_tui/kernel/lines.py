"""`Line` events: what each statement made, live while the cell runs, and as it stood when it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from msgspec import UNSET

from ptlearn_tui.events import Event, Line
from ptlearn_tui.introspect.names import Names, Place
from ptlearn_tui.introspect.values import Shown, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ptlearn_tui.kernel.marks import Marks, Site

NOTHING = Shown("other")


class Lines:
    """The lines of one run of a cell. Keeps what was said of a value, never the value."""

    def __init__(
        self,
        cell: int,
        marks: Marks,
        names: Names,
        emit: Callable[[Event], None],
        defined: Callable[[Site, Any], None] = lambda site, function: None,
    ) -> None:
        self._cell = cell
        self._marks = marks
        self._names = names
        self._emit = emit
        self._said: dict[int, tuple[str | None, Shown, int]] = {}  # statement -> its name, value, and times then
        self.reached: Mapping[tuple[int, int], str] = {}  # (cell, line) of a backward() -> "→ x.grad"
        self._defined = defined  # wants to know of every function

    def show(self, index: int, value: Any, *, final: bool = False) -> None:
        """Say what the statement made. `value` is what it bound, a tuple of that, or what it came to."""
        site = self._marks.sites[index]
        times = self._marks.runs[index]
        name = site.names[0] if site.names else None
        if len(site.names) > 1 and type(value) is tuple and len(value) == len(site.names):
            name, value = _first_tensor(site.names, value)
        elif len(site.names) > 1:
            name = ", ".join(site.names)
        if site.entry is not None:
            self._defined(site, value)
        if name is not None:
            self._names.note(name, value, Place(site.cell, site.line))
        # Reading a value waits for a GPU: once is fine, and at the end; in between the shape says enough.
        read = final or times == 1 or not isinstance(value, torch.Tensor) or value.device.type == "cpu"
        shown = show(value, read=read) if site.valued else NOTHING
        if site.bare and value is None:
            shown = NOTHING
        self._say(index, name, shown)

    def settle(self, statements: Iterable[int], namespace: Mapping[str, Any]) -> None:
        """A top-level loop is over: the globals that exactly one of its statements binds have their last values."""
        for name, index in self.binders(statements).items():
            if self._said[index][2] != self._times(index) and name in namespace:
                self.show(index, namespace[name], final=True)

    def binders(self, statements: Iterable[int]) -> dict[str, int]:
        """Global names -> the one statement of these that binds it, where there is one and it has run."""
        found: dict[str, int | None] = {}
        for index in statements:
            site = self._marks.sites[index]
            if site.module and index in self._said:
                for name in site.names:
                    found[name] = None if name in found else index
        return {
            name: index
            for name, index in found.items()
            if index is not None and len(self._marks.sites[index].names) == 1
        }

    def line(self, index: int) -> int:
        """The line of a statement."""
        return self._marks.sites[index].line

    def end(self) -> None:
        """Bring the counts up to date. A value that was not the last one is taken back, its shape stands."""
        for index, (name, shown, times) in list(self._said.items()):
            if times != self._times(index):
                if shown.kind in ("tensor", "number"):
                    shown = shown._replace(text="")
                self._say(index, name, shown)

    def _times(self, index: int) -> int:
        return 0 if index in self._marks.uncounted else self._marks.runs[index]

    def _say(self, index: int, name: str | None, shown: Shown) -> None:
        site, times = self._marks.sites[index], self._times(index)
        if self.reached and site.bare and not shown.text:
            for line in range(site.line, site.end + 1):
                shown = shown._replace(text=self.reached.get((site.cell, line), shown.text))
        self._said[index] = (name, shown, times)
        self._emit(
            Line(
                cell=self._cell,
                line=site.line,
                line_cell=UNSET if site.cell == self._cell else site.cell,
                name=name,
                kind=shown.kind,
                shape=shown.shape,
                dtype=shown.dtype,
                operator=shown.operator,
                text=shown.text,
                times=times,
            )
        )


def _first_tensor(names: tuple[str, ...], values: tuple[Any, ...]) -> tuple[str, Any]:
    """Of ``a, b = …`` the first tensor, or else the first."""
    for name, value in zip(names, values, strict=True):
        if isinstance(value, torch.Tensor):
            return name, value
    return names[0], values[0]
