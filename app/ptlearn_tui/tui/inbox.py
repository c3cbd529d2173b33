"""From the worker's thread to the screen: any number of events, one message."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.events import AnyEvent

MOST_UNREAD = 20_000  # events that may wait for the screen before the reading thread does


class Inbox:
    """Hands events from the worker's thread to the screen: one message for any number of them."""

    def __init__(self, tell: Callable[[], object]) -> None:
        self._tell = tell
        self._events: deque[tuple[int, AnyEvent]] = deque()
        self._told = False
        self._room = threading.Event()
        self._closed = False

    def put(self, index: int, event: AnyEvent) -> None:
        """In the worker's thread. It waits where the screen can't follow, and so the kernel does."""
        while len(self._events) > MOST_UNREAD and not self._closed:
            self._room.clear()
            self._room.wait(0.1)
        self._events.append((index, event))
        if not self._told:
            self._told = True
            self._tell()

    def take(self) -> dict[int, list[AnyEvent]]:
        """All that came, by cell."""
        self._told = False
        found: dict[int, list[AnyEvent]] = {}
        for _ in range(len(self._events)):
            index, event = self._events.popleft()
            found.setdefault(index, []).append(event)
        self._room.set()
        return found

    def close(self) -> None:
        """Nobody takes any more: the thread must not wait."""
        self._closed = True
        self._room.set()
