"""How far getting a set has come: what whoever moves bytes tells, and whoever draws a bar hears."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told of every piece of work, some thousand times at most a second."""

    def begin(self, what: str, total: int | None) -> None:
        """Bytes of `what`, a file's name, are on their way; how many, if that is known."""
        ...

    def add(self, count: int) -> None:
        """So many more have come."""
        ...


class Silent:
    """Tells nobody."""

    def begin(self, what: str, total: int | None) -> None:
        """Nothing."""

    def add(self, count: int) -> None:
        """Nothing."""
