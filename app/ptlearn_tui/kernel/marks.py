"""The marks that a cell's code runs over: which statement made which node, how often it ran, when it is shown.

`instrument.py` writes calls of these functions into a cell. A mark costs 0.2 µs, or 0.8 where PyTorch has emptied the
caches in between. So a loop or a function that spends more than a hundredth of its time on marks is *hot*: after its
first 512 turns it rests, which means that it goes on as the learner wrote it, and every 50 ms one turn is marked again.
"""

from __future__ import annotations

import builtins
import os
import sys
import threading
import time
from _thread import get_ident
from bisect import bisect_right
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

UNKNOWN = -1  # the place of a node that was made where no marks run
WINDOW = 0.05  # seconds between two showings of what a loop does
LOOK = 512  # turns of a loop, or calls of a function, between two looks at what its marks cost
COST = 0.8e-6  # seconds of a mark, caches cold
SHARE = 0.01  # of the time, for the marks of one loop or function
MOST = 1 << 20  # turns that a loop rests at most before one is shown
RECORDS = 1 << 17  # places of nodes that are remembered

_sequence: Callable[[], int] = torch._C._autograd._get_sequence_nr

# Iterators that go on saying that they are at their end. Others are not asked twice: once hot, they rest for good.
_STEADY = ("builtins", "itertools", "torch.utils.data.dataloader")


@dataclass(slots=True)
class Site:
    """One statement of a cell."""

    cell: int
    line: int
    end: int
    names: tuple[str, ...] = ()  # what it binds
    valued: bool = False  # its mark hands over a value
    bare: bool = False  # a bare expression
    module: bool = False  # stands outside every function and class: its names are globals
    entry: int | None = None  # of a def: the first statement of its body


class _Left:
    """What a loop that rests has left to do."""

    def __init__(self, source: Iterator[Any], first: int) -> None:
        self.source = source
        self.first = first
        self.steady = type(source).__module__ in _STEADY
        self.size = 0  # of the last chunk; 0 before there was one
        self._began = 0.0

    def chunk(self, now: float) -> Iterator[Any]:
        """As many turns as took 50 ms last time, or all that are left."""
        if not self.steady:
            self.size = MOST
            return self.source
        spent = max(now - self._began, 1e-9)
        self.size = max(1, min(MOST, 8 * self.size, int(self.size * WINDOW / spent))) if self.size else LOOK
        self._began = now
        return islice(self.source, self.size)


class Marks:
    """The marks of all cells of this process. A statement is known by its index in `sites`."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.sites: list[Site] = []
        self.runs: list[int] = []  # how often each has run in this cell; a loop: its turns; a function: its calls
        self.after: list[int] = []  # the statement that begins where this one ends
        self.bodies: dict[int, range] = {}  # loop, or a function's first statement -> the statements inside
        self.hot: set[int] = set()
        self.uncounted: set[int] = set()  # statements inside hot ones
        self.show: Callable[[int, Any], None] = lambda site, value: None
        self.heated: Callable[[int], None] = lambda entry: None  # a hot function is called: it may rest
        self.cooled: Callable[[], None] = lambda: None  # something is to be shown: all are to be marked again
        self.strangers = False  # a thread of the cell's own may have made nodes: their numbers say nothing
        self._clock = clock
        self._numbers = [0]  # autograd's counter, where …
        self._places = [UNKNOWN]  # … this statement began
        self._looked: dict[int, tuple[int, float]] = {}  # loop or function -> turns, and when they were looked at
        self._turns: dict[int, int] = {}
        self._make()
        os.register_at_fork(after_in_child=self._stop)  # a DataLoader worker has nothing to say here

    def add(self, site: Site) -> int:
        """A new statement's index."""
        self.sites.append(site)
        self.runs.append(0)
        self.after.append(UNKNOWN)
        return len(self.sites) - 1

    def start(self, show: Callable[[int, Any], None]) -> None:
        """A cell begins, in this thread. `show` gets a statement and its value when they are to be shown."""
        self.show = show
        self.runs[:] = [0] * len(self.sites)
        self.hot.clear()
        self.uncounted.clear()
        self._looked.clear()
        self._turns.clear()
        self.strangers = False
        self._own(get_ident())
        for name, function in self.functions.items():
            setattr(builtins, name, function)  # found from every namespace, and seen in none
        dynamo = sys.modules.get("torch._dynamo")
        ignored = getattr(getattr(dynamo, "config", None), "ignore_logging_functions", None)
        if ignored is not None:
            ignored.update(self.functions.values())  # or compiled functions break up at every mark
        threading.settrace(self._thread)

    def end(self) -> None:
        """The cell has ended; what it left running is not watched."""
        self._stop()
        threading.settrace(None)

    def place(self, number: int) -> Site | None:
        """The statement that made the node with this sequence number; None where that is not known."""
        if self.strangers:
            return None
        at = bisect_right(self._numbers, number) - 1
        if at < 0 or self._places[at] == UNKNOWN:
            return None
        return self.sites[self._places[at]]

    def _make(self) -> None:
        """The functions that cells call. What they need stands in their closure: an attribute costs 20 ns each."""
        runs, after, numbers, places = self.runs, self.after, self._numbers, self._places
        hot, turns, clock = self.hot, self._turns, self._clock
        owner = 0  # the cell's thread
        live = False  # what runs now is shown
        opened = 0.0  # when the window was
        looked_back = 0.0  # when a function's end was looked at
        window: set[int] = set()  # loops and functions that have had their turn in it
        stack: list[int] = []  # callers' statements
        resting: dict[tuple[int, int], _Left] = {}  # (loop, the frame it runs in) -> what is left of it
        handed: _Left | None = None  # the same, from one of these functions to the one that is called next

        def own(thread: int) -> None:
            nonlocal owner, live, opened, looked_back
            owner, live, opened, looked_back = thread, False, 0.0, 0.0

        def begin_statement(site: int) -> None:
            """A top-level statement begins: nothing of the one before, however it ended, is open."""
            nonlocal live, handed
            stack.clear()
            resting.clear()
            handed = None
            live = False
            put(site)

        def is_live() -> bool:
            return live

        def put(place: int) -> None:
            number = _sequence()
            if number == numbers[-1]:
                places[-1] = place
                return
            numbers.append(number)
            places.append(place)
            if len(numbers) > RECORDS:
                del numbers[: RECORDS // 2], places[: RECORDS // 2]

        def come_round(site: int) -> int:
            """A loop's turn or a function's call begins: is it shown, and from time to time: is it hot?

            A window opens when 50 ms have passed, and closes when something comes round in it for the second time:
            what is shown is one turn of everything, whole.
            """
            nonlocal live, opened
            times = turns[site] = turns.get(site, 0) + 1
            now = clock()
            if live:
                if site in window:
                    live = False
                else:
                    window.add(site)
            elif now - opened > WINDOW:
                opened = now
                live = True
                window.clear()
                window.add(site)
                self.cooled()
            if times % LOOK == 1:
                self._look(site, times, now)
            return times

        def mark(site: int, value: Any = None) -> None:
            """Statement `site` has run, and made `value`."""
            if get_ident() != owner:
                return
            runs[site] = times = runs[site] + 1
            number = _sequence()
            if number == numbers[-1]:
                places[-1] = after[site]
            else:
                numbers.append(number)
                places.append(after[site])
            if times == 1 or live:
                self.show(site, value)

        def note(site: int, value: Any = None) -> None:
            """The same in a generator, whose nodes are made by the statement that asks it for more."""
            if get_ident() == owner:
                runs[site] += 1
                if runs[site] == 1 or live:
                    self.show(site, value)

        def begin(site: int) -> bool:
            """Statement `site` begins. False where nothing is marked: in other threads."""
            if get_ident() != owner:
                return False
            put(site)
            return True

        def into(site: int) -> None:
            """A function begins, with statement `site`."""
            if get_ident() != owner:
                return
            stack.append(places[-1])
            put(site)
            come_round(site)
            if site in hot and not live:
                self.heated(site)

        def leave() -> bool:
            """A function ends: the caller's statement goes on. Whether to look at what its loops left behind."""
            nonlocal looked_back
            if get_ident() != owner or not stack:
                return False
            put(stack.pop())
            if stack or clock() - looked_back < WINDOW:
                return False
            looked_back = clock()
            return True

        def loop(site: int, iterable: Iterable[Any], first: int) -> Iterator[Any]:
            """The items of a marked loop, up to where it rests. `first` is the first statement of its body."""
            return turns_of(site, _Left(iter(iterable), first), site not in hot or clock() - opened > WINDOW)

        def turns_of(site: int, left: _Left, marked: bool) -> Iterator[Any]:
            nonlocal handed
            waiting: list[Any] = []
            while marked:
                try:
                    item = next(left.source)
                except StopIteration:
                    return
                runs[site] += 1
                if come_round(site) == 1 or live:
                    self.show(site, item)
                waiting.append(item)
                del item  # the learner may let go of it before the next turn
                put(left.first)
                yield waiting.pop()
                marked = site not in hot
            put(UNKNOWN)
            handed = left  # to `rest`, which is called next

        def rest(site: int) -> Iterator[Any] | None:
            """The next turns of a loop that rests, as they come, without marks; None for one that is over."""
            nonlocal handed
            if get_ident() != owner:
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
            if get_ident() != owner:
                return False
            left = resting.pop((site, id(sys._getframe(1))), None)
            handed = left if left is not None and left.steady else None  # to `again`, which is called next
            return handed is not None

        def again(site: int) -> Iterator[Any] | None:
            """What `loop` gave, where that loop has rested; None where it begins."""
            nonlocal handed
            if get_ident() != owner:
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
            if get_ident() != owner:
                return False
            put(site)
            come_round(site)
            if site not in hot:
                return False
            put(UNKNOWN)
            return True

        def rested(site: int) -> bool:
            """Whether a while loop has ended only to go on without marks."""
            return get_ident() == owner and site in hot

        def seen(site: int, value: Any) -> None:
            """The value that a name has when the function whose loop bound it ends."""
            if runs[site]:
                self.show(site, value)

        self._own, self.begin_statement, self.mark, self.is_live = own, begin_statement, mark, is_live
        self.functions: dict[str, Callable[..., Any]] = {
            f"__{function.__name__}__": function
            for function in (mark, note, begin, into, leave, loop, rest, more, again, over, turn, rested, seen)
        }

    def _look(self, site: int, times: int, now: float) -> None:
        """Every 512 turns: what share of its time do a loop's own marks take?"""
        before, self._looked[site] = self._looked.get(site), (times, now)
        if before is None:
            return
        body = self.bodies.get(site, range(0))
        if (times - before[0]) * (len(body) + 2) * COST > SHARE * (now - before[1]):
            self.hot.add(site)
            self.uncounted.update(body, (site,))

    def _thread(self, frame: FrameType, event: str, argument: Any) -> None:
        """A thread begins. Those of a DataLoader or a progress bar make no nodes; any other may."""
        sys.settrace(None)
        thread = threading.current_thread()
        home = getattr(getattr(thread, "_target", None), "__module__", None) or type(thread).__module__
        if not home.startswith(("torch.utils.data", "tqdm")):
            self.strangers = True

    def _stop(self) -> None:
        self._own(0)
