"""Functions that are called so often that their marks cost too much do without, while nothing is shown."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from functools import _lru_cache_wrapper
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from ptlearn_tui.kernel.cells import plain_functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptlearn_tui.kernel.marks import Site


class _Source(NamedTuple):
    sites: range
    cell: int
    text: str
    flags: int


class Functions:
    """The marked functions of all cells, and what they are without marks. Keeps none of them alive."""

    def __init__(self) -> None:
        self._sources: list[_Source] = []
        self._functions: dict[int, weakref.ref[FunctionType]] = {}  # by the first statement of their body
        self._plain: dict[int, CodeType | None] = {}  # by the same
        self._marked: list[tuple[weakref.ref[FunctionType], CodeType]] = []
        self._measured = False

    def source(self, sites: range, cell: int, text: str, flags: int) -> None:
        """These statements stand in a cell with this text."""
        self._sources.append(_Source(sites, cell, text, flags))

    def defined(self, site: Site, value: Any) -> None:
        """A ``def`` has run; `value` is the function as its decorators left it."""
        function = _unwrapped(value)
        if site.entry is not None and function is not None and function.__code__.co_firstlineno <= site.end:
            self._functions[site.entry] = weakref.ref(function)
            if self._measured:
                self.heated(site.entry)

    def heated(self, entry: int) -> bool:
        """Take the marks out of the function whose body begins with statement `entry`, from its next call on.

        Whether there was one that can do without. One that makes functions can't, unless it is measured: they would
        never have marks, and what they make would pass for their callers'.
        """
        reference = self._functions.get(entry)
        function = reference() if reference is not None else None
        if function is None or reference is None:
            return False
        marked = function.__code__
        if entry not in self._plain:
            self._plain[entry] = self._without_marks(entry, marked)
        plain = self._plain[entry]
        if plain is None or plain.co_freevars != marked.co_freevars or (_defines(plain) and not self._measured):
            return False
        self._marked.append((reference, marked))
        function.__code__ = plain
        return True

    def cooled(self) -> bool:
        """Put the marks back into all of them. Whether all have them now: not while they are measured."""
        if self._measured:
            return False
        for reference, marked in self._marked:
            function = reference()
            if function is not None:
                function.__code__ = marked
        self._marked.clear()
        return True

    @contextmanager
    def measured(self) -> Iterator[None]:
        """While it lasts, all functions are as the learner wrote them: somebody takes their time."""
        self._measured = True
        for entry in list(self._functions):
            self.heated(entry)
        try:
            yield
        finally:
            self._measured = False
            self.cooled()

    def _without_marks(self, entry: int, marked: CodeType) -> CodeType | None:
        for source in self._sources:
            if entry in source.sites:
                for code in plain_functions(source.cell, source.text, source.flags):
                    if (code.co_name, code.co_firstlineno) == (marked.co_name, marked.co_firstlineno):
                        return code
        return None


def _defines(code: CodeType) -> bool:
    """Whether there is a ``def`` or a class in it; ``<lambda>`` and ``<listcomp>`` have no marks anyway."""
    return any(isinstance(part, CodeType) and part.co_name.isidentifier() for part in code.co_consts)


def _unwrapped(value: Any) -> FunctionType | None:
    """The function inside a staticmethod, a property, a cache, or decorators that keep ``__wrapped__``."""
    for _ in range(20):
        if isinstance(value, property):
            value = value.fget
        inner = (
            getattr(value, "__wrapped__", None)
            if isinstance(value, FunctionType | staticmethod | classmethod | _lru_cache_wrapper)
            else None
        )
        if inner is None:
            break
        value = inner
    return value if isinstance(value, FunctionType) else None
