"""Loops that are hot rest: they go on as the learner wrote them, and every 50 ms a turn is marked again.

Of a ``for`` loop one iterator is shared by the marked loop and the resting one, which takes a chunk of it at a time.
A ``while`` loop has none: once hot, it rests for good.
"""

from __future__ import annotations

import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from ptlearn_tui.kernel.places import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ptlearn_tui.kernel.marks import Marks

REST = 0.05  # seconds without a marked turn
FIRST = 256  # turns of the first rest: nobody knows yet how long they take
MOST = 1 << 20  # turns of any

# Iterators that go on saying that they are at their end. Others are not asked twice: once hot, they rest for good.
_STEADY = ("builtins", "itertools", "torch.utils.data.dataloader")


class _Left:
    """What a loop that rests has left to do."""

    def __init__(self, source: Iterator[Any], first: int) -> None:
        self.source = source
        self.first = first  # statement of the body
        self.steady = type(source).__module__ in _STEADY
        self._size = 0  # of the last chunk; 0 before there was one
        self._began = 0.0

    def chunk(self, now: float) -> Iterator[Any]:
        """As many turns as took 50 ms last time, or all that are left."""
        if not self.steady:
            return self.source
        spent = max(now - self._began, 1e-9)
        self._size = max(1, min(MOST, 8 * self._size, int(self._size * REST / spent))) if self._size else FIRST
        self._began = now
        return islice(self.source, self._size)


class Loops:
    """The marks of loops. `functions` are those that cells call (see `instrument`)."""

    def __init__(self, marks: Marks, clock: Callable[[], float] = time.perf_counter) -> None:
        runs, hot, is_ours = marks.runs, marks.hot, marks.is_ours
        begin, turn_begins = marks.begins, marks.turn_begins
        resting: dict[tuple[int, int], _Left] = {}  # (loop, the frame it runs in) -> what is left of it
        handed: _Left | None = None  # the same, from one of these functions to the one that is called next

        def clear() -> None:
            nonlocal handed
            resting.clear()
            handed = None

        def loop(site: int, iterable: Iterable[Any], first: int) -> Iterator[Any]:
            """The items of a marked loop, up to where it rests. `first` is the first statement of its body."""
            return turns_of(site, _Left(iter(iterable), first), site not in hot or marks.is_due())

        def each(site: int, iterable: Iterable[Any], first: int) -> Iterator[Any]:
            """The items of a marked loop that can't rest."""
            return turns_of(site, _Left(iter(iterable), first), True, rests=False)

        def turns_of(site: int, left: _Left, marked: bool, rests: bool = True) -> Iterator[Any]:
            nonlocal handed
            waiting: list[Any] = []
            while marked:
                begin(site)  # what a generator makes now is made for the loop
                try:
                    item = next(left.source)
                except StopIteration:
                    return
                runs[site] += 1
                if turn_begins(site) == 1 or marks.is_live():
                    marks.show(site, item)
                waiting.append(item)
                del item  # the learner may let go of it before the next turn
                begin(left.first)
                yield waiting.pop()
                marked = not rests or site not in hot
            begin(UNKNOWN)
            handed = left  # to `rest`, which is called next

        def rest(site: int) -> Iterator[Any] | None:
            """The next turns of a loop that rests, as they come, without marks; None for one that is over."""
            nonlocal handed
            if not is_ours():
                return None
            left, handed = handed, None
            key = site, id(sys._getframe(1))
            if left is None:
                resting.pop(key, None)  # of a frame that is gone, and stood at the same address
                return None
            resting[key] = left
            return left.chunk(clock())

        def more(site: int) -> bool:
            """Whether a loop has rested, and goes on with a marked turn."""
            nonlocal handed
            if not is_ours():
                return False
            left = resting.pop((site, id(sys._getframe(1))), None)
            handed = left if left is not None and left.steady else None  # to `again`, which is called next
            return handed is not None

        def again(site: int) -> Iterator[Any] | None:
            """What `loop` gave, where that loop has rested; None where it begins."""
            nonlocal handed
            if not is_ours():
                return None
            left, handed = handed, None
            # One turn at least: that is also how the end of `left` is found.
            return None if left is None else turns_of(site, left, True)

        def over(site: int) -> None:
            """A loop is over: nothing of it may stay alive."""
            if resting:
                resting.pop((site, id(sys._getframe(1))), None)

        def turn(site: int) -> bool:
            """A turn of a marked while loop begins. True when it is hot, and the unmarked one takes over."""
            if not is_ours():
                return False
            begin(site)
            turn_begins(site)
            if site not in hot:
                return False
            begin(UNKNOWN)
            return True

        def rested(site: int) -> bool:
            """Whether a while loop has ended only to go on without marks."""
            return is_ours() and site in hot

        self.clear = clear
        self.functions: tuple[Callable[..., Any], ...] = (loop, each, rest, more, again, over, turn, rested)
