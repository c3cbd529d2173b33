"""`ptlearn-tui run`: every code cell of a page, an item of the plan, or any Markdown file, in order, headless."""

from __future__ import annotations

import math
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptlearn_tui import locale
from ptlearn_tui.course.page import Page, parse
from ptlearn_tui.course.plan import PLAN_IDS, load_plan
from ptlearn_tui.errors import RequestError
from ptlearn_tui.events import Advice, Done, Error, Graph, Stderr, Stdout, Value, encode
from ptlearn_tui.home import expanded
from ptlearn_tui.kernel.client import Kernel, KernelError, Server
from ptlearn_tui.kernel.limits import memory_for_cells
from ptlearn_tui.locale import t
from ptlearn_tui.locale.explained import explain, live, repair_labels

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from ptlearn_tui.course.page import Cell
    from ptlearn_tui.events import AnyEvent

GRACE = 1.0  # seconds that an interrupted cell has before its kernel is killed


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
    documents = _find(args.lesson)
    if args.timeout is not None and not args.timeout > 0:
        raise RequestError(t("--timeout wants seconds, more than 0"))
    memory = memory_for_cells()
    server = Server()
    outcomes: list[Outcome] = []
    try:
        server.start()
        server.wait()
        offset = 0
        for name, page in documents:
            if not args.json and len(documents) > 1:
                sys.stdout.write(f"\n{name}\n")
            outcomes += _run_page(server, memory, name, page, offset, args)
            offset += len(page.cells) if args.json else 0  # for people, cells are counted on each page
            if not args.keep_going and not all(outcome.ok for outcome in outcomes):
                break
    except KernelError as error:
        raise RequestError(str(error)) from error
    finally:
        server.close()
    if not args.json:
        _table(outcomes)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _find(wanted: str) -> list[tuple[str, Page]]:
    """The pages of an item, one page (`item/page`, or `start`), or a file. Raises `RequestError`."""
    plan = load_plan(locale.language())
    if wanted in PLAN_IDS:
        return [(page.key, _read(page.path)) for page in plan.item(wanted).pages]
    entry = plan.page(wanted) or (plan.start if wanted == "start" else None)
    if entry is not None:
        return [(entry.key, _read(entry.path))]
    path = expanded(wanted)
    try:
        there = path.exists()
    except OSError as error:  # a folder that may not be entered, a name that is too long
        raise RequestError(f"{wanted}: {error.strerror}") from error
    if not there:
        known = ", ".join(PLAN_IDS)
        raise RequestError(t("no lesson and no file '{name}'; lessons: {known}", name=wanted, known=known))
    return [(path.name, _read(path))]


def _read(path: Path) -> Page:
    if not path.is_file():
        raise RequestError(t("{path} is not a file", path=path))
    try:
        data = path.read_bytes()
        text = data.decode()
        if "\0" in text:  # valid in UTF-8, and in no text: UTF-16 without its mark, or a program
            raise UnicodeDecodeError("utf-8", data, data.index(b"\0"), data.index(b"\0") + 1, "a null byte")
        return parse(text)
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RequestError(t("{path} is not UTF-8 text (byte {n})", path=path, n=error.start)) from error


def _run_page(
    server: Server, memory: int, name: str, page: Page, offset: int, args: argparse.Namespace
) -> list[Outcome]:
    """A fresh kernel for each page. Cells of several pages are numbered on, so that no two events are confused."""
    outcomes: list[Outcome] = []
    kernel = server.kernel(rate=math.inf, memory=memory)  # nothing is left out: a slow reader slows the cell
    try:
        for cell in page.cells:
            if cell.run:  # minutes of training, which nobody has asked for by running a page
                word = t("left out, it trains: {command}", command=f"ptlearn-tui train {cell.run}")
                outcomes.append(Outcome(name, cell.index, None, word, ok=True))
                continue
            if cell.skipped:
                continue
            if not kernel.alive:
                kernel = server.kernel(rate=math.inf, memory=memory)
            done = _run_cell(kernel, cell, offset + cell.index, args)
            outcomes.append(_judge(name, cell, done, args.timeout))
            if not outcomes[-1].ok and not args.keep_going:
                break
    finally:
        kernel.kill()
    return outcomes


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
        sys.stdout.write(f"{outcome.page:28} {t('cell {n}', n=outcome.cell + 1):10}{seconds}   {outcome.word}\n")
    failed = sum(not outcome.ok for outcome in outcomes)
    ran = sum(outcome.seconds is not None for outcome in outcomes)
    sys.stdout.write(t("{n} cells, {failed} failed", n=ran, failed=failed) + "\n")
