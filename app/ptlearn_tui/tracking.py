"""``track(loss=loss, accuracy=a)``: name numbers in your own training loop, and the dashboard draws them as curves.

This module is imported with the package: it imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # mypy knows the name; `typing` would be an import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Listener = Callable[[Mapping[str, object]], None]


class _Now:
    """Who listens at present: a kernel, while one of its cells runs."""

    listener: Listener | None = None


def track(**values: object) -> None:
    """Add a point to the curve of each name: a number, or a tensor that holds one.

    The n-th call of a cell with a name is that curve's step n. Tensors on a GPU are read later, so that tracking does
    not wait for it. Outside the dashboard it does nothing. Raises `TypeError` there for what is not one number.
    """
    listener = _Now.listener
    if listener is not None:
        listener(values)


class listening:  # contextlib would be an import
    """While it lasts, `listener` is told of every call of `track`."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __enter__(self) -> None:
        _Now.listener = self._listener

    def __exit__(self, *_: object) -> None:
        _Now.listener = None
