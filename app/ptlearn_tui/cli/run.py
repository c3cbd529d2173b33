"""`ptlearn-tui run`: every code cell of a page, an item of the plan, or somebody's notes, in order, headless."""

from __future__ import annotations

import math
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui import locale
from ptlearn_tui.cli.meanwhile import meanwhile
from ptlearn_tui.course.notes.load import load
from ptlearn_tui.course.plan import PLAN_IDS, load_plan
from ptlearn_tui.errors import RequestError
from ptlearn_tui.events import Advice, Done, Error, Graph, Stderr, Stdout, Value, encode
from ptlearn_tui.home import expanded
from ptlearn_tui.kernel.client import Kernel, KernelError, Server
from ptlearn_tui.kernel.limits import memory_for_cells
from ptlearn_tui.locale import t
from ptlearn_tui.locale.explained import explain, live, repair_labels
from ptlearn_tui.plain import one_line

if TYPE_CHECKING:
    import argparse

    from ptlearn_tui.course.page import Cell
    from ptlearn_tui.events import AnyEvent

GRACE = 1.0  # seconds that an interrupted cell has before its kernel is killed


class Document(NamedTuple):
    """What has a kernel of its own."""

    name: str
    cells: tuple[Cell, ...]
    prelude: Cell | None = None  # runs first in each of its kernels, and nobody hears of it unless it fails


@dataclass
class Outcome:
    """What became of one cell."""

    page: str
    cell: int
    seconds: float | None  # None where it was left out
    word: str  # "ran", "raised, as it should", "failed", …
    ok: bool


def main(args: argparse.Namespace) -> int:
    """Run; exit 0 if every cell did what it should. Raises `RequestError` for what can't be found or read."""
    documents = _find(args.lesson, prelude=not args.no_prelude)
    if args.timeout is not None and not args.timeout > 0:
        raise RequestError(t("--timeout wants seconds, more than 0"))
    memory = memory_for_cells()
    server = Server()
    outcomes: list[Outcome] = []
    try:
        with meanwhile(t("torch is loading")):
            server.start()
            server.wait()
        offset = 0
        for document in documents:
            if not args.json and len(documents) > 1:
                sys.stdout.write(f"\n{one_line(document.name)}\n")
            outcomes += _run_document(server, memory, document, offset, args)
            offset += len(document.cells) if args.json else 0  # for people, cells are counted on each page
            if not args.keep_going and not all(outcome.ok for outcome in outcomes):
                break
    except KernelError as error:
        raise RequestError(str(error)) from error
    finally:
        server.close()
    if not args.json:
        _table(outcomes)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _find(wanted: str, *, prelude: bool) -> list[Document]:
    """The pages of an item, one page (`item/page`, or `start`), a file, or a folder's. Raises `RequestError`."""
    plan = load_plan(locale.language())
    if wanted in PLAN_IDS:
        return [Document(page.key, plan.read(page).cells) for page in plan.item(wanted).pages]
    entry = plan.page(wanted) or (plan.start if wanted == "start" else None)
    if entry is not None:
        return [Document(entry.key, plan.read(entry).cells)]
    path = expanded(wanted)
    try:
        there = path.exists() or path.is_symlink()
    except OSError as error:  # a folder that may not be entered, a name that is too long
        raise RequestError(f"{wanted}: {error.strerror}") from error
    if not there:
        known = ", ".join(PLAN_IDS)
        raise RequestError(t("no lesson and no file '{name}'; lessons: {known}", name=wanted, known=known))
    notes = load(path, prelude=prelude)
    for why in notes.refused:
        sys.stderr.write(f"ptlearn-tui: {one_line(why)}\n")
    return [Document(file.name, file.cells, file.prelude) for file in notes.files]


def _run_document(
    server: Server, memory: int, document: Document, offset: int, args: argparse.Namespace
) -> list[Outcome]:
    """A fresh kernel for each. Cells of several documents are numbered on, so that no two events are confused."""
    outcomes: list[Outcome] = []
    kernel: Kernel | None = None
    try:
        for cell in document.cells:
            if cell.run:  # minutes of training, which nobody has asked for by running a page
                word = t("left out, it trains: {command}", command=f"ptlearn-tui train {cell.run}")
                outcomes.append(Outcome(document.name, cell.index, None, word, ok=True))
                continue
            if cell.skipped:
                continue
            if kernel is None or not kernel.alive:
                kernel = server.kernel(rate=math.inf, memory=memory)  # nothing is left out: a slow reader slows it
                if document.prelude is not None:
                    outcomes += _run_prelude(kernel, document, args)
            done = _run_cell(kernel, cell, offset + cell.index, args)
            outcomes.append(_judge(document.name, cell, done, args.timeout))
            if not outcomes[-1].ok and not args.keep_going:
                break
    finally:
        if kernel is not None:
            kernel.kill()
    return outcomes


def _run_prelude(kernel: Kernel, document: Document, args: argparse.Namespace) -> list[Outcome]:
    """Quietly; it is told of only where it fails, and the notes may do without what it would have given."""
    assert document.prelude is not None
    for event in kernel.run(document.prelude.index, document.prelude.source):
        if isinstance(event, Error):
            sys.stderr.write(event.traceback)
        if isinstance(event, Done) and not event.ok:
            return [_judge(document.name, document.prelude, event, args.timeout)]
    return []


def _run_cell(kernel: Kernel, cell: Cell, number: int, args: argparse.Namespace) -> Done:
    """Print what comes; past its time the cell is interrupted, and then killed."""
    timers = []
    if args.timeout is not None:
        timers = [
            threading.Timer(args.timeout, kernel.interrupt),
            threading.Timer(args.timeout + GRACE, kernel.kill),
        ]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        for event in kernel.run(number, cell.source):
            if args.json:
                sys.stdout.buffer.write(encode(event) + b"\n")
                sys.stdout.buffer.flush()
            else:
                _say(event)
            if isinstance(event, Done):
                return event
    finally:
        for timer in timers:
            timer.cancel()
    raise AssertionError("a cell ends with Done")


def _say(event: AnyEvent) -> None:
    """For people: what the cell printed, its values, errors and graphs, in order."""
    match event:
        case Stdout(text=text):
            sys.stdout.write(text)
        case Stderr(text=text):
            sys.stderr.write(text)
        case Value(text=text):
            sys.stdout.write(text + "\n")
        case Graph(root=root, nodes=nodes):
            chain = " → ".join(f"{node.name} ({node.variable})" if node.variable else node.name for node in nodes[:8])
            sys.stdout.write(f"  {root}: {chain}{' …' if len(nodes) > 8 else ''}\n")
        case Error(traceback=traceback, code=code, facts=facts):
            told = [live(facts), *_explained(code, facts)]
            sys.stderr.write("\n".join([traceback.rstrip("\n"), *(line for line in told if line)]) + "\n")
        case Advice(code=code, facts=facts, line=number, line_cell=cell, message=message):
            where = t("cell {n}", n=cell + 1) + " " if isinstance(cell, int) else ""
            why, *repair = _explained(code, facts)[:2] or [message]
            sys.stderr.write("\n".join([f"{where}{t('line {n}', n=number)}  {why}", *repair]) + "\n")
    sys.stdout.flush()


def _explained(code: str | None, facts: dict[str, str]) -> list[str]:
    """Why, and each repair with what it is; nothing where the code is of no table."""
    explained = explain(code, facts)
    if explained is None:
        return []
    first, other = repair_labels()
    return [explained.why, *((other if number else first) + repair for number, repair in enumerate(explained.repairs))]


def _judge(name: str, cell: Cell, done: Done, timeout: float | None) -> Outcome:
    late = timeout is not None and done.seconds >= timeout
    if done.died == "killed" and late:
        word, ok = t("killed: over its time, and it did not obey"), False
    elif done.died:
        word, ok = t("the kernel died: {why}", why=done.died), False
    elif done.interrupted:
        word, ok = t("interrupted: over its time") if late else t("interrupted"), False
    elif cell.raises:
        word, ok = (t("did not raise"), False) if done.ok else (t("raised, as it should"), True)
    else:
        word, ok = (t("ran"), True) if done.ok else (t("failed"), False)
    return Outcome(name, cell.index, done.seconds, word, ok)


def _table(outcomes: list[Outcome]) -> None:
    """Cells, times, failures."""
    sys.stdout.write("\n")
    for outcome in outcomes:
        seconds = f"{outcome.seconds:8.3f} s" if outcome.seconds is not None else " " * 10
        sys.stdout.write(
            f"{one_line(outcome.page):28} {t('cell {n}', n=outcome.cell + 1):10}{seconds}   {outcome.word}\n"
        )
    failed = sum(not outcome.ok for outcome in outcomes)
    ran = sum(outcome.seconds is not None for outcome in outcomes)
    sys.stdout.write(t("{n} cells, {failed} failed", n=ran, failed=failed) + "\n")
