"""Run one cell as a script would run it, statement after statement, and say what each one made.

compile (`cells`, `instrument`) → run → `marks` → `lines` beside the code, `watch` for tensors, graphs and losses.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import gc
import inspect
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import torch

from ptlearn_tui.events import Done, Event, Value
from ptlearn_tui.introspect.training import noticing
from ptlearn_tui.introspect.values import bounded_repr
from ptlearn_tui.kernel import tracebacks
from ptlearn_tui.kernel.backward import Backward, traps_of
from ptlearn_tui.kernel.cells import Compiled, compile_cell, future_flags, takes_time
from ptlearn_tui.kernel.describe import NothingThere, describe
from ptlearn_tui.kernel.film import Films
from ptlearn_tui.kernel.frames import filename, remember_source
from ptlearn_tui.kernel.hot import Functions
from ptlearn_tui.kernel.instrument import VALUE
from ptlearn_tui.kernel.lines import Lines
from ptlearn_tui.kernel.magics import magics, timed, translate
from ptlearn_tui.kernel.marks import Marks
from ptlearn_tui.kernel.memory import make_room
from ptlearn_tui.kernel.stepping import Stepping
from ptlearn_tui.kernel.syntax import BackwardCall, backward_calls
from ptlearn_tui.kernel.trees import Trees
from ptlearn_tui.kernel.warned import warning_once
from ptlearn_tui.kernel.watch import Memory, Watch
from ptlearn_tui.tracking import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from ptlearn_tui.events import Tensor
    from ptlearn_tui.kernel.requests import Describe


class Emit(Protocol):
    """Takes events that go out together."""

    def __call__(self, *events: Event) -> None: ...


class _Process:
    """What outlives a cell: marks in all code so far, names of leaves, numbers of storages, the event loop."""

    def __init__(self) -> None:
        self.marks = Marks()
        self.memory = Memory()
        self.functions = Functions()
        self.marks.heated = self.functions.heated
        self.marks.cooled = self.functions.cooled
        self.calls: dict[tuple[int, int], BackwardCall] = {}
        self.loop: asyncio.AbstractEventLoop | None = None


_process = _Process()


def execute(
    cell: int,
    source: str,
    namespace: dict[str, Any],
    emit: Emit,
    wait: Callable[[], str] | None = None,
    *,
    film: bool = False,
) -> None:
    """Run a cell in `namespace` (the kernel's ``__main__``); `emit` gets its events, Done always the last.

    With `wait`, step by step: after each statement it gives the learner's word (see `stepping`). `film`: backward()
    calls are recorded. Whatever the cell
    raises becomes an `Error`, SystemExit too; KeyboardInterrupt only makes `Done` say so.
    """
    began = time.perf_counter()
    ok = interrupted = False
    try:
        _run(cell, source, namespace, emit, wait, film)
        ok = True
    except KeyboardInterrupt:
        interrupted = True
    except BaseException as raised:
        emit(tracebacks.error(cell, raised))
    seconds = time.perf_counter() - began
    emit(Done(cell=cell, ok=ok, seconds=seconds, interrupted=interrupted))


def described(request: Describe, namespace: dict[str, Any]) -> Tensor:
    """The card that is asked for, its storage numbered as in all cards of this kernel. Raises `NothingThere`."""
    if request.graph is not None:
        root = namespace.get(request.name)
        grad_fn = root.grad_fn if isinstance(root, torch.Tensor) else None
        if grad_fn is None or grad_fn._sequence_nr() != request.graph:
            raise NothingThere(f"{request.name} has another graph by now")
    return describe(request, namespace, _process.memory.storages)


def forget(namespace: dict[str, Any]) -> None:
    """All that cells have bound, in any order; what stands in other modules stays."""
    for name in [name for name in namespace if name not in ("__name__", "__builtins__")]:
        del namespace[name]
    vars(builtins).pop("_", None)
    _process.memory = Memory()
    gc.collect()  # a network and its optimizer hold each other


def _run(
    cell: int, source: str, namespace: dict[str, Any], emit: Emit, wait: Callable[[], str] | None, film: bool
) -> None:
    remember_source(cell, source)
    python = translate(cell, source)
    tree = ast.parse(python.text, filename(cell))
    measures = python.timed or takes_time(tree)
    marks, functions, calls = _process.marks, _process.functions, _process.calls
    before = len(marks.sites)
    namespace.setdefault("__name__", "__main__")
    flags = future_flags(tree, namespace)
    statements = compile_cell(cell, tree, flags, marks, measured=measures)
    functions.source(range(before, len(marks.sites)), cell, python.text, flags)
    functions.cooled()
    for where in [where for where in calls if where[0] == cell]:
        del calls[where]  # of the cell as it was
    if "backward" in source:
        calls.update(backward_calls(tree, cell))
    lines = Lines(cell, marks, _process.memory.names, emit, functions.defined)
    watch = Watch(cell, namespace, emit, _process.memory, marks)
    films = Films(cell, emit, watch.reader) if film else None
    traps = traps_of(cell, python.text, emit, watch)
    backward = Backward(cell, emit, watch, marks, calls, films=films, traps=traps)
    trees = Trees(cell, namespace, emit, off=measures)
    lines.reached = backward.reached
    stepping = Stepping(cell, tree, namespace, emit, wait) if wait is not None else None

    def show_and_stand(index: int, value: Any) -> None:
        lines.show(index, value)
        if stepping is not None and index not in marks.bodies:  # a loop's own variable is not bound yet
            stepping.inside(marks.sites[index], watch)

    marks.start(lines.show if stepping is None else show_and_stand, backward.opened, always=stepping is not None)
    try:
        with ExitStack() as around:
            if measures:
                around.enter_context(functions.measured())
            if not python.repeated:  # its thousands of steps are no training
                around.enter_context(noticing(backward))
                around.enter_context(traps.watching())
            around.enter_context(listening(backward.track))
            around.enter_context(warning_once(cell, namespace, emit))
            around.enter_context(_without_input())
            around.enter_context(magics(cell, namespace))
            if python.timed:
                around.enter_context(timed())
            for statement in statements:
                if stepping is not None:
                    stepping.begins(compound=len(statement.sites) > 1)
                _one(cell, statement, namespace, emit, lines, watch, trees)
                if stepping is not None:
                    stepping.ended(statement.line)
    finally:
        marks.end()
        trees.end()
        lines.end()
        watch.end()
        backward.end()
        traps.end(namespace, watch.bound_at, cell)


def _one(
    cell: int,
    statement: Compiled,
    namespace: dict[str, Any],
    emit: Emit,
    lines: Lines,
    watch: Watch,
    trees: Trees,
) -> None:
    """Run one top-level statement, and look at what it made; at what an interrupted loop made, too."""
    site, *inside = statement.sites
    watch.statement(statement.line, statement.names, bool(inside))
    trees.begins(statement.line)
    _process.marks.begin_statement(statement.place)
    try:
        value = eval(statement.code, namespace)
        if statement.code.co_flags & inspect.CO_COROUTINE:
            value = _await(value)
    except BaseException:
        trees.end()
        make_room()
        if inside:
            _look(statement, namespace, lines, watch)
        raise
    finally:
        namespace.pop(VALUE, None)
    if statement.bare:
        _process.marks.mark(site, value)
        if value is not None:
            builtins._ = value  # type: ignore[attr-defined]  # where Python's own prompt keeps it
            emit(Value(cell=cell, text=bounded_repr(value), line=statement.line))
        del value
    trees.ended(statement.names)
    _look(statement, namespace, lines, watch)


def _look(statement: Compiled, namespace: dict[str, Any], lines: Lines, watch: Watch) -> None:
    lines.settle(statement.sites, namespace)
    watch.ended({name: lines.line(index) for name, index in lines.binders(statement.sites).items()})


def _await(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Top-level await, on one event loop for all cells, so that what one cell started the next can await."""
    if _process.loop is None:
        _process.loop = asyncio.new_event_loop()
    task = _process.loop.create_task(coroutine)
    try:
        return _process.loop.run_until_complete(task)
    except BaseException:
        if task.cancel():  # an interrupt leaves the task in the middle
            try:
                _process.loop.run_until_complete(task)
            except BaseException:
                pass
        raise


@contextmanager
def _without_input() -> Iterator[None]:
    """The keyboard is the dashboard's: say so at once, instead of waiting for a line that never comes."""

    def no_input(prompt: object = "") -> str:
        raise RuntimeError("input() can't be used here: write the value into the cell instead")

    original, builtins.input = builtins.input, no_input
    try:
        yield
    finally:
        builtins.input = original
