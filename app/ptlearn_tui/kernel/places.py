"""Which statement made which node of a graph: autograd numbers its nodes, and marks say where each statement began.

Each thread counts for itself, so a node of another thread has a number that the cell's own thread gave, too. Such
numbers are kept apart: a line that is not known is said to be unknown, never guessed.
"""

from __future__ import annotations

import sys
import threading
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

UNKNOWN = -1  # the place of a node that was made where no marks run
RECORDS = 1 << 17  # places that are remembered

sequence_number: Callable[[], int] = torch._C._autograd._get_sequence_nr  # of this thread's next node


class Places:
    """The statements that made the nodes of the thread that runs cells. A statement is known by its index."""

    def __init__(self) -> None:
        self.numbers = [0]  # autograd's counter, where …
        self.statements = [UNKNOWN]  # … this one began
        self._others = 0  # threads of the learner's that run
        self._taken = 0  # numbers below have been given by those that have ended
        self._local = threading.local()

    def begin(self, statement: int) -> None:
        """`statement` makes the nodes from now on. Where the one before has made none, it takes its record."""
        number = sequence_number()
        if number == self.numbers[-1]:
            self.statements[-1] = statement
            return
        self.numbers.append(number)
        self.statements.append(statement)
        if len(self.numbers) > RECORDS:
            del self.numbers[: RECORDS // 2], self.statements[: RECORDS // 2]

    def of(self, number: int) -> int:
        """The statement that made the node with this sequence number, or UNKNOWN."""
        at = bisect_right(self.numbers, number) - 1
        return UNKNOWN if at < 0 or self._others or number < self._taken else self.statements[at]

    def watch_threads(self) -> None:
        """A cell begins: threads that it starts may make nodes, at any time from then on."""
        threading.settrace(self._thread)

    def leave_threads(self) -> None:
        """The cell has ended."""
        threading.settrace(None)

    def _thread(self, frame: FrameType, event: str, argument: Any) -> None:
        """A thread begins. Those of a DataLoader or a progress bar make no nodes; any other may."""
        sys.settrace(None)
        thread = threading.current_thread()
        home = getattr(getattr(thread, "_target", None), "__module__", None) or type(thread).__module__
        if not home.startswith(("torch.utils.data", "tqdm")):
            self._others += 1
            self._local.end = _ThreadEnd(self)

    def thread_ended(self, next_number: int) -> None:
        """A thread of the learner's has ended that would have given its next node this number."""
        self._taken = max(self._taken, next_number)
        self._others -= 1


class _ThreadEnd:
    """What a thread has in its own storage goes away with it, and in it: its counter can still be asked."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def __del__(self) -> None:
        self._places.thread_ended(sequence_number())
