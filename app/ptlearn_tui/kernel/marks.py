"""The marks that a cell's code runs over: which statement made which node, how often it ran, when it is shown.

`instrument.py` writes calls of these functions into a cell. A mark costs 0.2 µs, or 0.8 where PyTorch has emptied the
caches in between. So a loop or a function that spends more than a hundredth of its time on marks is *hot*: after its
first 256 turns it rests, which means that it goes on as the learner wrote it, and every 50 ms one turn is marked again.
Showing a turn costs a hundred times what its marks do: 50 ms apart at first, four times a second in the long run.
"""

from __future__ import annotations

import builtins
import os
import sys
import time
from _thread import get_ident
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ptlearn_tui.kernel.loops import Loops
from ptlearn_tui.kernel.places import UNKNOWN, Places, sequence_number

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 0.05  # seconds between two showings of what a loop does, at first
SLOWEST = 0.25  # and in the long run
LOOK = 256  # turns of a loop, or calls of a function, between two looks at what its marks cost
COST = 0.8e-6  # seconds of a mark, caches cold
SHARE = 0.01  # of the time, for the marks of one loop or function


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
        self.runs: list[int] = []  # how often each has run in this cell; a loop: its turns; a function: its calls
        self.after: list[int] = []  # the statement that begins where this one ends
        self.bodies: dict[int, range] = {}  # loop, or a function's first statement -> the statements inside
        self.hot: set[int] = set()
        self.uncounted: set[int] = set()  # statements inside hot ones
        self.show: Callable[[int, Any], None] = lambda site, value: None
        self.opened: Callable[[], None] = lambda: None
        self.heated: Callable[[int], bool] = lambda entry: False  # a hot function is called: whether it rests now
        self.cooled: Callable[[], bool] = lambda: True  # all functions are to be marked again: whether they are
        self.places = Places()
        self._clock = clock
        self._looked: dict[int, tuple[int, float]] = {}  # loop or function -> turns, and when they were looked at
        self._turns: dict[int, int] = {}
        self._make()
        self._loops = Loops(self, clock)
        self.functions |= {f"<{function.__name__}>": function for function in self._loops.functions}
        os.register_at_fork(after_in_child=self._stop)  # a DataLoader worker has nothing to say here

    def add(self, site: Site) -> int:
        """A new statement's index."""
        self.sites.append(site)
        self.runs.append(0)
        self.after.append(UNKNOWN)
        return len(self.sites) - 1

    def start(self, show: Callable[[int, Any], None], opened: Callable[[], None], *, always: bool = False) -> None:
        """A cell begins, in this thread. `show` gets a statement and its value when they are to be shown.

        `opened` is called when a turn begins in which they are. `always`: each is shown, every time.
        """
        self.show, self.opened = show, opened
        self.runs[:] = [0] * len(self.sites)
        self.hot.clear()
        self.uncounted.clear()
        self._looked.clear()
        self._turns.clear()
        self._own(get_ident(), always)
        for name, function in self.functions.items():
            setattr(builtins, name, function)  # found from every namespace, and seen in none
        dynamo = sys.modules.get("torch._dynamo")
        ignored = getattr(getattr(dynamo, "config", None), "ignore_logging_functions", None)
        if ignored is not None:
            ignored.update(self.functions.values())  # or compiled functions break up at every mark
            # For its own log PyTorch writes its settings as JSON, and up to 2.13 fails on functions, with 30 lines.
            sys.modules["torch._dynamo.utils"]._get_dynamo_config_for_logging = lambda: None  # type: ignore[attr-defined]
        self.places.watch_threads()

    def end(self) -> None:
        """The cell has ended; what it left running is not watched."""
        self._stop()
        self.opened = lambda: None
        self.places.leave_threads()

    def place(self, number: int) -> Site | None:
        """The statement that made the node with this sequence number; None where that is not known."""
        statement = self.places.of(number)
        return None if statement == UNKNOWN else self.sites[statement]

    def _make(self) -> None:
        """The functions that cells call. What they need stands in their closure: an attribute costs 20 ns each."""
        runs, after, hot, turns, clock = self.runs, self.after, self.hot, self._turns, self._clock
        numbers, statements = self.places.numbers, self.places.statements
        owner = 0  # the cell's thread
        always = False  # everything that runs is shown
        live = False  # what runs now is shown
        blind = False  # functions rest: what they make must not pass for what the marked statement around them makes
        opened = 0.0  # when the window was
        pace = WINDOW  # seconds to the next
        looked_back = 0.0  # when a function's end was looked at
        window: set[int] = set()  # loops and functions that have had their turn in it
        stack: list[int] = []  # callers' statements

        def own(thread: int, all_is_shown: bool = False) -> None:
            nonlocal owner, always, live, opened, looked_back
            owner, always, live, opened, looked_back = thread, all_is_shown, all_is_shown, 0.0, 0.0

        def place(site: int) -> None:
            """Statement `site` makes the nodes from now on."""
            self.places.begin(UNKNOWN if blind else site)

        def is_ours() -> bool:
            return get_ident() == owner

        def is_live() -> bool:
            return live

        def is_due() -> bool:
            return clock() - opened > pace

        def begin_statement(site: int) -> None:
            """A top-level statement begins: nothing of the one before, however it ended, is open."""
            nonlocal live, blind, pace
            stack.clear()
            self._loops.clear()
            live, blind, pace = True, not self.cooled(), WINDOW
            window.clear()
            place(site)

        def turn_begins(site: int) -> int:
            """A loop's turn or a function's call begins: is it shown, and from time to time: is it hot?

            A window opens when it is time, and closes when something begins in it for the second time: what is shown
            is one turn of everything, whole. Gives how many have begun.
            """
            nonlocal live, blind, opened, pace
            times = turns[site] = turns.get(site, 0) + 1
            if always:
                return times
            now = clock()
            if live:
                if site in window:
                    live = False
                else:
                    window.add(site)
            elif now - opened > pace:
                opened = now
                pace = max(WINDOW, min(2 * pace, SLOWEST))
                live = True
                window.clear()
                window.add(site)
                blind = not self.cooled()
                self.opened()
            if times % LOOK == 1:
                self._look(site, times, now)
            return times

        def mark(site: int, value: Any = None) -> None:
            """Statement `site` has run, and made `value`."""
            if get_ident() != owner:
                return
            runs[site] = times = runs[site] + 1
            number = sequence_number()
            if number == numbers[-1]:
                statements[-1] = UNKNOWN if blind else after[site]
            else:
                numbers.append(number)
                statements.append(UNKNOWN if blind else after[site])
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
            place(site)
            return True

        def into(site: int) -> None:
            """A function begins, with statement `site`."""
            nonlocal blind
            if get_ident() != owner:
                return
            stack.append(statements[-1])
            place(site)
            turn_begins(site)
            if site in hot and not live and self.heated(site):
                blind = True
                place(UNKNOWN)

        def leave() -> bool:
            """A function ends: the caller's statement goes on. Whether to look at what its loops left behind."""
            nonlocal looked_back
            if get_ident() != owner or not stack:
                return False
            place(stack.pop())
            if stack or clock() - looked_back < WINDOW:
                return False
            looked_back = clock()
            return True

        def seen(site: int, value: Any) -> None:
            """The value that a name has when the function whose loop bound it ends."""
            if runs[site]:
                self.show(site, value)

        self._own, self.begin_statement, self.turn_begins, self.mark = own, begin_statement, turn_begins, mark
        self.is_ours, self.is_live, self.is_due, self.begins = is_ours, is_live, is_due, place
        self.functions: dict[str, Callable[..., Any]] = {
            f"<{function.__name__}>": function for function in (mark, note, begin, into, leave, seen)
        }

    def _look(self, site: int, times: int, now: float) -> None:
        """Every 256 turns: what share of its time do a loop's own marks take?"""
        before, self._looked[site] = self._looked.get(site), (times, now)
        if before is None:
            return
        body = self.bodies.get(site, range(0))
        if (times - before[0]) * (len(body) + 2) * COST > SHARE * (now - before[1]):
            self.hot.add(site)
            self.uncounted.update(body, (site,))

    def _stop(self) -> None:
        self._own(0)
