"""`ptlearn-tui check`: an answer to an exercise, tried in a fresh kernel; and the list of all exercises."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from typing import TYPE_CHECKING

import msgspec

from ptlearn_tui import locale
from ptlearn_tui.cli.meanwhile import meanwhile
from ptlearn_tui.cli.run_lines import cells
from ptlearn_tui.course import practice
from ptlearn_tui.course.exercise import exercises, find
from ptlearn_tui.course.notes.file import read
from ptlearn_tui.course.plan import load_plan
from ptlearn_tui.course.progress import Progress, unusable
from ptlearn_tui.errors import RequestError
from ptlearn_tui.events import Stderr, Stdout
from ptlearn_tui.home import expanded
from ptlearn_tui.kernel.attempt import Attempt
from ptlearn_tui.kernel.client import KernelError, Server
from ptlearn_tui.kernel.verdict import Verdict
from ptlearn_tui.locale import t
from ptlearn_tui.plain import one_line, safe

if TYPE_CHECKING:
    import argparse

    from ptlearn_tui.course.exercise import Exercise

STDIN = "-"
INDENT = "    "


def main(args: argparse.Namespace) -> int:
    """0 where every check holds, 1 where one does not. Raises `RequestError`."""
    if args.exercise is None:
        if args.file is not None:
            raise RequestError(t("which exercise is {file} of? see: ptlearn-tui check", file=args.file))
        return _list(as_json=args.json)
    exercise = find(args.exercise, locale.language())
    if exercise is None:
        raise RequestError(t("no exercise '{name}'; see: ptlearn-tui check", name=args.exercise))
    with Progress.open() as progress:
        try:
            source = _answer(exercise, args.file, progress)
            verdict = _tried(exercise, source, quiet=args.json)
            ticked = practice.note(progress, exercise, ok=verdict.passed)
        except sqlite3.Error as error:
            raise unusable(progress.path, error) from error
    if args.json:
        sys.stdout.write(json.dumps(_record(verdict), ensure_ascii=False) + "\n")
    else:
        _tell(verdict)
        if ticked:
            title = load_plan(locale.language()).item(exercise.item).title
            sys.stdout.write(t("all exercises of {item} are passed: it is ticked", item=title) + "\n")
    return 0 if verdict.passed else 1


def _answer(exercise: Exercise, file: str | None, progress: Progress) -> str:
    """What is to be checked. Raises `RequestError`, `sqlite3.Error`."""
    if file == STDIN:
        return sys.stdin.read()
    if file is not None:
        return read(expanded(file)).shown
    return progress.edits(exercise.page).get(0, exercise.start)


def _tried(exercise: Exercise, source: str, *, quiet: bool) -> Verdict:
    """What it prints goes to where it printed it, with `quiet` to stderr. Raises `RequestError`."""
    verdict = Verdict(exercise)
    server = Server()
    try:
        with meanwhile(t("torch is loading")):
            server.start()
            server.wait()
        for event in Attempt(source, exercise.checks, seed=random.randrange(2**31)).run(server):
            if isinstance(event, Stdout | Stderr):
                stream = sys.stderr if quiet or isinstance(event, Stderr) else sys.stdout
                stream.write(event.text)
            verdict.take(event)
    except KernelError as error:
        raise RequestError(str(error)) from error
    finally:
        server.close()
    return verdict


def _record(verdict: Verdict) -> dict[str, object]:
    failing = verdict.failing
    names = [name for name, said in verdict.exercise.says.items() if said.label]
    return {
        "exercise": verdict.exercise.key,
        "passed": verdict.passed,
        "checks": [{"name": name, "ok": verdict.checks.get(name)} for name in names],
        "failing": None
        if failing is None
        else {
            "check": failing.name,
            "input": msgspec.to_builtins(failing.inputs),
            "expected": msgspec.to_builtins(failing.expected),
            "got": msgspec.to_builtins(failing.got),
        },
        "message": verdict.message,
    }


def _tell(verdict: Verdict) -> None:
    exercise = verdict.exercise
    mark = "✓" if verdict.passed else "✗"
    said = t("{title}: {message}", title=exercise.title, message=one_line(verdict.message))
    sys.stdout.write(f"{mark} {said}\n")
    if verdict.failing is not None:
        _tell_values(verdict)
    elif verdict.error is not None and not verdict.passed:
        sys.stdout.write(_indented(verdict.error.traceback))
    marks = {True: "✓", False: "✗", None: "·"}
    sys.stdout.write("".join(f"  {marks[ok]} {label}\n" for label, ok in verdict.labels))


def _tell_values(verdict: Verdict) -> None:
    heads = {"input": t("smallest input that fails"), "expected": t("expected"), "got": t("got")}
    wide = max(map(cells, heads.values()))
    told = ""
    for role, shown in verdict.values:
        head, told = "" if role == told else heads[role], role
        name = f"{shown.name} = " if shown.name else ""
        first, *rest = safe(name + shown.text).split("\n")
        shape = f"   {tuple(shown.shape)} {shown.dtype}" if shown.shape is not None else ""
        sys.stdout.write(f"  {head}{' ' * (wide - cells(head))}  {first}{shape if not rest else ''}\n")
        for at, line in enumerate(rest, 1):
            sys.stdout.write(" " * (wide + 4 + len(name)) + line + (shape if at == len(rest) else "") + "\n")


def _indented(text: str) -> str:
    return "".join(f"{INDENT}{line}\n" for line in safe(text).split("\n"))


def _list(*, as_json: bool) -> int:
    language = locale.language()
    with Progress.open() as progress:
        try:
            standings = practice.standings(progress.attempts())
        except sqlite3.Error as error:
            raise unusable(progress.path, error) from error
    rows = []
    for item in load_plan(language).items:
        every = exercises(item.id, language)
        if every and not as_json:
            sys.stdout.write(f"{item.title}\n")
        for each in every:
            standing = standings.get(each.page, practice.Standing())
            rows.append({"exercise": each.key, "title": each.title, "passed": standing.passed, "tries": standing.tries})
            if not as_json:
                mark = "✓" if standing.passed else "·"
                sys.stdout.write(f"  {mark} {each.number:>2} {each.key:34} {each.title}\n")
    if as_json:
        sys.stdout.write(json.dumps({"exercises": rows}, ensure_ascii=False) + "\n")
    return 0
