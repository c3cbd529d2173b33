"""A lesson's cells and their kernel: what runs, what waits, what each has made. No widget and no thread in it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import takewhile
from typing import TYPE_CHECKING

from ptlearn_tui.course.page import Cell
from ptlearn_tui.events import Done, Error
from ptlearn_tui.kernel.client import Kernel, KernelError
from ptlearn_tui.kernel.limits import memory_for_cells
from ptlearn_tui.kernel.output_file import OutputFile
from ptlearn_tui.tui.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ptlearn_tui.events import AnyEvent
    from ptlearn_tui.kernel.client import Server
    from ptlearn_tui.tui.cell_run import CellRun

OBEY = 1.0  # seconds after ctrl+c from which a kill needs no question
SCREEN_RATE = 1e6  # bytes a second of output that a screen takes from each of a cell's streams; it keeps less


class Session:
    """The state of the cells that share a kernel. A screen's handlers call all but `drive`, which is the worker's.

    A cell is known by its index: the author's have 0, 1, 2, … (the prelude of notes -1), those that the learner or the
    author add later the next ones, wherever they stand. `order` is how they stand, `on_page` which of them are on the
    page that is open: the pages of one file of notes share a session.
    """

    def __init__(self, cells: tuple[Cell, ...], outputs: Path) -> None:
        """`outputs` is where the whole output of cells is kept: `…-1.txt`, `…-2.txt`."""
        self.cells = {cell.index: cell for cell in cells}
        self.records = {index: Record() for index in self.cells}
        self.order = list(self.cells)
        self.on_page = set(self.cells)
        self.places = {index: float(index) for index in self.cells}
        self.prelude = next((cell.index for cell in cells if cell.prelude), None)
        self.identity = {index: index for index in self.cells}  # a cell's number in the author's file -> its index here
        self.edits: dict[int, str] = {}  # cells that the learner has changed or added: their text
        self.waiting: deque[int] = deque()
        self.running: int | None = None
        self.kernel: Kernel | None = None
        self.filming: set[int] = set()  # the cell whose backward() calls are recorded when it runs next
        self.shown: int | None = None  # the cell whose record the panels show
        self._outputs = outputs
        self.stepping: set[int] = set()  # cells that are stepped through when they run next
        self._then: list[int] = []  # cells that wait for a fresh kernel
        self._runs = 0
        self._interrupted_at: float | None = None

    def source(self, index: int) -> str:
        """What runs: the learner's text, or the author's."""
        return self.edits.get(index, self.cells[index].source)

    def new_index(self) -> int:
        """For one more cell."""
        return max(self.cells, default=-1) + 1

    # ---- cells of the learner's own ----------------------------------------------------------------------------

    def place_below(self, index: int) -> float:
        """Between a cell and the next."""
        after = self.after(index)
        return (self.places[index] + (self.places[index] + 1 if after is None else self.places[after])) / 2

    def add(self, place: float, source: str) -> Cell:
        """A cell of the learner's own."""
        cell = Cell(index=self.new_index(), source="", tags=frozenset({"scratch"}))
        self.cells[cell.index] = cell
        self.records[cell.index] = Record()
        self.places[cell.index] = place
        self.on_page.add(cell.index)
        self.order = sorted([*self.order, cell.index], key=lambda index: self.places[index])
        self.edits[cell.index] = source
        return cell

    def remove(self, index: int) -> None:
        """It stands on the page no more."""
        self.order.remove(index)
        self.on_page.discard(index)
        self.edits.pop(index, None)
        if index in self.waiting:
            self.waiting.remove(index)
        if self.shown == index:
            self.shown = None

    def after(self, index: int) -> int | None:
        """The next cell, on whatever page."""
        following = self.order[self.order.index(index) + 1 :]
        return following[0] if following else None

    def added_below(self, index: int) -> list[int]:
        """The learner's own cells between this one and the author's next."""
        after = self.order[self.order.index(index) + 1 :]
        return list(takewhile(lambda each: self.cells[each].scratch, after))

    def following(self, index: int) -> int | None:
        """The next cell on the page that is open."""
        after = self.order[self.order.index(index) + 1 :]
        return next((each for each in after if each in self.on_page), None)

    def above(self, index: int) -> list[int]:
        """The cells before it that run by themselves."""
        return [each for each in self.by_themselves if self.order.index(each) < self.order.index(index)]

    @property
    def by_themselves(self) -> list[int]:
        """All cells from the top, but those that wait to be asked for."""
        return [index for index in self.order if not self.cells[index].skipped and not self.cells[index].run]

    # ---- the author's text changes ---------------------------------------------------------------------------------

    def adopt(self, cells: Sequence[Cell]) -> None:
        """Those that say what they said before keep all they have; one that says something else has not run yet."""
        now = [cell for cell in cells if not cell.prelude]
        old = [index for index in self.identity.values() if index != self.prelude]
        matched: dict[int, int] = {}
        pairs = SequenceMatcher(None, [self.cells[at].source for at in old], [cell.source for cell in now], False)
        for kind, a, a_end, b, b_end in pairs.get_opcodes():
            if kind == "equal" or (kind == "replace" and a_end - a == b_end - b):
                matched.update(zip(range(b, b_end), old[a:a_end], strict=True))
        followers = {index: self.added_below(index) for index in self.order if not self.cells[index].scratch}
        self.identity = {self.prelude: self.prelude} if self.prelude is not None else {}
        order = list(self.identity.values())
        order += [each for index in order for each in followers.get(index, [])]
        for at, cell in enumerate(now):
            index = matched.get(at, self.new_index())
            before = self.cells.get(index)
            self.cells[index] = replace(cell, index=index)
            if before is None or (before.source != cell.source and index not in self.edits and index != self.running):
                self.records[index] = Record()
            self.identity[cell.index] = index
            order += [index, *followers.pop(index, [])]
        lost = [each for index in self.order if index not in order for each in followers.get(index, [])]
        order += [each for each in lost if each not in order]  # the learner's own stay, at the end
        for index in set(self.order) - set(order):
            if index in self.waiting:
                self.waiting.remove(index)
        self.order = order
        self.places = _places(order, self.cells)

    # ---- running -----------------------------------------------------------------------------------------------

    def queue(self, cells: list[int]) -> list[int]:
        """Cells that are to run, in that order; those that were added."""
        added = [index for index in cells if index != self.running and index not in self.waiting]
        for index in added:
            self.waiting.append(index)
            self.records[index].state = "waiting"
        return added

    def begin_next(self, *, loading: bool) -> int | None:
        """The cell that runs from now on; None where one runs already, or none waits."""
        if self.running is not None or not self.waiting:
            return None
        index = self.waiting.popleft()
        fresh = self.kernel is None or not self.kernel.alive
        if fresh and self.prelude is not None and index != self.prelude:
            self.waiting.appendleft(index)  # a kernel of notes begins with the prelude
            index = self.prelude
        self.running = self.shown = index
        self._runs += index != self.prelude
        self.records[index].begin(max(self._runs, 1), time.monotonic())
        for below in self.order[self.order.index(index) + 1 :] if index in self.order else ():
            self.records[below].stale = bool(self.records[below].number)
        if loading:
            self.records[index].state = "loading"
        return index

    def follow(self, index: int, run: CellRun, *, show: bool) -> None:
        """A cell has a training run, which is no business of the kernel; `show`: the panels show it."""
        self.records[index].run, self.records[index].number = run, self._runs
        if show:
            self.shown = index

    def drive(self, cell: Cell, server: Server) -> Iterator[AnyEvent]:
        """In the worker's thread: run the cell, in a fresh kernel if there is none. Always ends with Done."""
        try:
            if self.kernel is None or not self.kernel.alive:
                # What a killed kernel held may not be free yet: its follower gets the same limit.
                limit = self.kernel.limit if self.kernel else memory_for_cells()
                self.kernel = server.kernel(rate=SCREEN_RATE, memory=limit)
            output = OutputFile(self._outputs.with_name(f"{self._outputs.name}-{cell.index + 1}.txt"))
            self.records[cell.index].whole = output
            film = cell.index in self.filming
            step = cell.index in self.stepping
            self.stepping.discard(cell.index)
            yield from self.kernel.run(cell.index, self.source(cell.index), output.write, film=film, step=step)
        except KernelError as error:
            yield Error(cell=cell.index, kind="KernelError", message=str(error), line=None, traceback=str(error))
            yield Done(cell=cell.index, ok=False, seconds=0.0)

    def take_in(self, index: int, events: list[AnyEvent]) -> set[str]:
        """A cell's events; what has changed by them, as `Record.apply` says it, and "done" at its end."""
        self.torch_loaded()
        touched = self.records[index].apply(events)
        if any(isinstance(event, Done) for event in events):
            touched.add("done")
            self._finished(index)
        return touched

    def torch_loaded(self) -> int | None:
        """A cell that waited for torch runs from now on; which."""
        if self.running is None or self.records[self.running].state != "loading":
            return None
        record = self.records[self.running]
        record.state, record.began = "running", time.monotonic()
        return self.running

    def lines_elsewhere(self, index: int) -> set[int]:
        """Code of earlier cells has run again: what it made now stands there; the cells it is in."""
        record = self.records[index]
        cells = {cell for cell, _ in record.elsewhere if cell in self.records}
        for (cell, number), line in record.elsewhere.items():
            if cell in cells:
                self.records[cell].lines[number] = line
        record.elsewhere.clear()
        return cells

    def _finished(self, index: int) -> None:
        record, cell = self.records[index], self.cells[index]
        self.running = self._interrupted_at = None
        if record.state in ("interrupted", "died") or (record.state == "failed" and not cell.raises):
            self.forget_waiting()
        if self._then:
            self.kernel = None
            self.queue(self._then)
            self._then = []

    def forget_waiting(self) -> None:
        """After a failure nothing that was queued runs: it was meant to build on what failed."""
        for index in self.waiting:
            self.records[index].state = "new"
        self.waiting.clear()
        self.filming.clear()

    @property
    def standing(self) -> bool:
        """Whether the cell that runs is stepped through, and waits for a word."""
        return self.running is not None and self.records[self.running].state == "standing"

    def go(self, how: str) -> bool:
        """Have it go on: "next", "loop" (to its end), "end" (of the cell). Whether anything stood."""
        if not self.standing or self.running is None or self.kernel is None:
            return False
        self.records[self.running].state = "running"
        self.kernel.go(how)
        return True

    def interrupt(self) -> bool:
        """Interrupt what runs; whether anything did."""
        if self.running is None or self.kernel is None:
            return False
        self.forget_waiting()
        if self._interrupted_at is None:
            self._interrupted_at = time.monotonic()
        self.kernel.interrupt()
        return True

    @property
    def stubborn(self) -> bool:
        """It was interrupted a second ago, and still runs."""
        return self._interrupted_at is not None and time.monotonic() - self._interrupted_at >= OBEY

    def kill(self) -> None:
        """The kernel ends with all that it started; the next cell gets a fresh one."""
        self.forget_waiting()
        if self.kernel is not None:
            self.kernel.kill()

    def restart(self, then: list[int]) -> list[int]:
        """As `kill`; `then` are the cells that run in the fresh kernel, those that were queued at once are returned."""
        self.kill()
        if self.running is None or self.kernel is None:
            self.kernel = None
            return self.queue(then)
        self._then = then  # when the old kernel has said its last word
        return []

    @property
    def all_ran(self) -> bool:
        """Whether every cell of the author's on this page that runs by itself has run."""
        authors = (index for index in self.by_themselves if index in self.on_page and not self.cells[index].scratch)
        return all(self.records[index].number for index in authors)

    def late(self) -> list[AnyEvent]:
        """What a cell's threads and programs have printed since it ended."""
        return self.kernel.drain() if self.kernel is not None and self.running is None else []

    def record_for(self, panel: str) -> tuple[Record | None, int | None]:
        """The shown cell's record; where that has nothing for the panel, the newest that has, and whose it is."""
        if self.shown is None:
            return None, None
        record = self.records[self.shown]
        if record.has(panel) or self.running is not None:
            return record, None
        having = [index for index, each in self.records.items() if each.has(panel)]
        if not having:
            return record, None
        newest = max(having, key=lambda index: (self.records[index].number, self.records[index].run is not None))
        return self.records[newest], newest


def _places(order: Sequence[int], cells: dict[int, Cell]) -> dict[int, float]:
    """The author's cells at 0, 1, 2, … (the prelude at -1), the learner's between them."""
    places: dict[int, float] = {}
    at, behind = -1.0 if order and cells[order[0]].prelude else 0.0, 0
    for index in order:
        if cells[index].scratch:
            behind += 1
            places[index] = at - 1 + behind / (behind + 1)
        else:
            behind = 0
            places[index] = at
            at += 1
    return places
