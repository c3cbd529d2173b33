"""The marks that a cell's code runs over: which statement made which node, how often it ran, when it is shown.

`instrument.py` writes calls of these functions into a cell. A mark costs some 0.2 µs, so a loop or a function that
spends more than a twenty-fifth of its time on them (it is *hot*) goes on without: see `Marks.loop`.
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
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

UNKNOWN = -1  # the place of a node that was made where no marks run
WINDOW = 0.05  # seconds between two showings of what a loop does
LOOK = 1_024  # turns of a loop, or calls of a function, between two looks at what its marks cost
COST = 0.25e-6  # seconds of a mark, generously
SHARE = 0.04  # of the time, for the marks of one loop or function
RECORDS = 1 << 17  # places of nodes that are remembered

_sequence: Callable[[], int] = torch._C._autograd._get_sequence_nr


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


class Marks:
    """The marks of all cells of this process. A statement is known by its index in `sites`."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.sites: list[Site] = []
        self.runs: list[int] = []  # how often each has run in this cell
        self.after: list[int] = []  # the statement that begins where this one ends
        self.bodies: dict[int, range] = {}  # loop, or a function's first statement -> the statements inside
        self.hot: set[int] = set()
        self.uncounted: set[int] = set()  # statements inside hot ones
        self.show: Callable[[int, Any], None] = lambda site, value: None
        self.heated: Callable[[int], None] = lambda entry: None  # a function has become hot
        self.strangers = False  # a thread of the cell's own may have made nodes: their numbers say nothing
        self._clock = clock
        self._numbers = [0]  # autograd's counter, where …
        self._places = [UNKNOWN]  # … this statement began
        self._calls: dict[int, int] = {}
        self._looked: dict[int, float] = {}
        self._window: set[int] = set()  # loops and functions that have had their turn in this window
        self._opened = 0.0
        self._stack: list[int] = []
        self._parked: dict[int, Any] = {}
        self._owner = 0
        self._live = False
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
        self._calls.clear()
        self._looked.clear()
        self._opened = 0.0
        self.strangers = False
        self._owner = get_ident()
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

    def begin_statement(self, site: int) -> None:
        """A top-level statement begins: nothing of the one before, however it ended, is open."""
        self._stack.clear()
        self._parked.clear()
        self._window.clear()
        self._live = False
        self._begin(site)

    def place(self, number: int) -> Site | None:
        """The statement that made the node with this sequence number; None where that is not known."""
        if self.strangers:
            return None
        # The last entry of equal numbers counts: nothing was made in the statements before it.
        at = bisect_right(self._numbers, number) - 1
        if at < 0 or self._places[at] == UNKNOWN:
            return None
        return self.sites[self._places[at]]

    @property
    def live(self) -> bool:
        """Whether what runs now is being shown."""
        return self._live

    def _make(self) -> None:
        """The functions that cells call, with what they need in their closure: an attribute costs 20 ns each."""
        runs, after, numbers, places, stack = self.runs, self.after, self._numbers, self._places, self._stack
        hot, parked, clock = self.hot, self._parked, self._clock

        def put(place: int) -> None:
            number = _sequence()
            if number == numbers[-1]:
                places[-1] = place
                return
            numbers.append(number)
            places.append(place)
            if len(numbers) > RECORDS:
                del numbers[: RECORDS // 2], places[: RECORDS // 2]

        def mark(site: int, value: Any = None) -> None:
            """Statement `site` has run, and made `value`."""
            if get_ident() != self._owner:
                return
            runs[site] = times = runs[site] + 1
            number = _sequence()
            if number == numbers[-1]:
                places[-1] = after[site]
            else:
                numbers.append(number)
                places.append(after[site])
            if times == 1 or self._live:
                self.show(site, value)

        def note(site: int, value: Any = None) -> None:
            """The same in a generator, whose nodes are made by the statement that asks it for more."""
            if get_ident() == self._owner:
                runs[site] += 1
                if runs[site] == 1 or self._live:
                    self.show(site, value)

        def begin(site: int) -> bool:
            """Statement `site` begins. False where nothing is marked: in other threads."""
            if get_ident() != self._owner:
                return False
            put(site)
            return True

        def into(site: int) -> None:
            """A function begins, with statement `site`."""
            if get_ident() != self._owner:
                return
            stack.append(places[-1])
            put(site)
            self._turn(site)
            if site in hot:
                self.heated(site)

        def leave() -> bool:
            """A function ends: the caller's statement goes on. Whether to look at what its loops left behind."""
            if get_ident() != self._owner or not stack:
                return False
            put(stack.pop())
            return not stack and clock() - self._opened > WINDOW

        def loop(site: int, iterable: Iterable[Any], first: int) -> Iterator[Any]:
            """The items of a marked loop; of a hot one none, or no more. `rest` has those that are left."""
            source = iter(iterable)
            waiting: list[Any] = []
            if site not in hot:
                for item in source:
                    runs[site] = times = runs[site] + 1
                    self._turn(site)
                    if times == 1 or self._live:
                        self.show(site, item)
                    waiting.append(item)
                    del item  # the learner may let go of it before the next turn
                    put(first)
                    yield waiting.pop()
                    if site in hot:
                        break
                else:
                    return
            put(UNKNOWN)
            parked[site] = source

        def turn(site: int) -> bool:
            """A turn of a marked while loop begins. True when it is hot, and the unmarked one takes over."""
            if get_ident() != self._owner:
                return False
            put(site)
            self._turn(site)
            if site not in hot:
                return False
            put(UNKNOWN)
            parked[site] = True
            return True

        def rest(site: int) -> Any:
            """What a loop that became hot has left to do; nothing otherwise."""
            return parked.pop(site, ()) if get_ident() == self._owner else ()

        def seen(site: int, value: Any) -> None:
            """The value that a name has when its loop is over."""
            if runs[site]:
                self.show(site, value)

        self._begin, self.mark = begin, mark
        self.functions: dict[str, Callable[..., Any]] = {
            f"__{function.__name__}__": function
            for function in (mark, note, begin, into, leave, loop, turn, rest, seen)
        }

    def _turn(self, site: int) -> None:
        """A loop's turn or a function's call begins: whether it is shown, and from time to time whether it is hot.

        A window opens when 50 ms have passed, and closes when something comes round for the second time: what is
        shown is one turn of everything, whole.
        """
        calls = self._calls[site] = self._calls.get(site, 0) + 1
        if self._live:
            if site in self._window:
                self._live = False
            else:
                self._window.add(site)
        now = self._clock()
        if now - self._opened > WINDOW:
            self._opened = now
            self._live = True
            self._window.clear()
            self._window.add(site)
        if calls == 1:
            self._looked[site] = now
        elif calls % LOOK == 0:
            spent, self._looked[site] = now - self._looked[site], now
            body = self.bodies.get(site, range(0))
            if LOOK * (len(body) + 2) * COST > SHARE * spent:
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
        self._owner = 0
        self._live = False
