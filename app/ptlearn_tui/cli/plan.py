"""`ptlearn-tui plan`: the checklist, in the same store as the dashboard's; or that of notes, in their own file."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui import locale
from ptlearn_tui.course import practice
from ptlearn_tui.course.plan import PLAN_IDS, load_plan
from ptlearn_tui.course.progress import Progress, unusable
from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import expanded
from ptlearn_tui.locale import t
from ptlearn_tui.plain import one_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ptlearn_tui.course.notes.notes import Notes

ACTIONS = ("tick", "untick")


class Line(NamedTuple):
    """An item as it is printed."""

    id: str
    title: str
    done: bool
    exercises: int = 0
    passed: int = 0  # of them
    number: int = 0  # in notes, where it is as good as the id


def main(args: argparse.Namespace) -> int:
    """Print a checklist, or change one item of it. Raises `RequestError`."""
    action, item, path = _asked(args.words)
    if path is None and action is not None and item not in PLAN_IDS:
        known = ", ".join(PLAN_IDS)
        raise RequestError(t("no item '{item}' in the plan; there are: {known}", item=item, known=known))
    notes = _read(path) if path is not None else None
    try:
        with Progress.open() as progress:
            lines = _of_notes(progress, notes, action, item) if notes else _of_course(progress, action, item)
    except sqlite3.Error as error:
        raise unusable(progress.path, error) from error
    if args.json:
        rows = [
            {
                "id": line.id,
                "title": line.title,
                "done": line.done,
                "exercises": {"passed": line.passed, "total": line.exercises},
            }
            for line in lines
        ]
        sys.stdout.write(json.dumps({"items": rows}, ensure_ascii=False) + "\n")
    else:
        for line in lines:
            name = f"{line.number:>3} " if line.number else f"{line.id:10}"
            sys.stdout.write(f"[{'x' if line.done else ' '}] {name} {one_line(line.title)}\n")
    return 0


def _asked(words: Sequence[str]) -> tuple[str | None, str, str | None]:
    """`PATH`, `tick ID` or `tick ID PATH`: what to do, with what, where. Raises `RequestError`."""
    if len(words) > 3 or (len(words) > 1 and words[0] not in ACTIONS):
        raise RequestError(t("plan takes PATH, or tick ID, or tick ID PATH"))
    if not words or words[0] not in ACTIONS:
        return None, "", words[0] if words else None
    return words[0], words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else None


def _of_course(progress: Progress, action: str | None, item: str) -> list[Line]:
    if action is not None:
        progress.tick(item, done=action == "tick")
    done, passed = progress.ticked(), practice.passed(progress)
    return [
        Line(
            item.id,
            item.title,
            item.id in done,
            len(item.exercises),
            sum(each.key in passed for each in item.exercises),
        )
        for item in load_plan(locale.language()).items
    ]


def _read(path: str) -> Notes:
    from ptlearn_tui.course.notes.load import load

    if not os.path.lexists(expanded(path)):
        raise RequestError(t("no file '{path}': plan takes PATH, or tick ID, or tick ID PATH", path=path))
    return load(path)


def _of_notes(progress: Progress, notes: Notes, action: str | None, item: str) -> list[Line]:
    from ptlearn_tui.course.notes import plan
    from ptlearn_tui.course.notes.load import load

    if action is not None:
        _change(progress, notes, item, done=action == "tick")
        notes = load(notes.path, known=notes)
    kept = progress.ticks()
    every = enumerate(plan.entries(notes), 1)
    return [Line(each.id, each.task.title, plan.is_done(each, kept), number=number) for number, each in every]


def _change(progress: Progress, notes: Notes, item: str, *, done: bool) -> None:
    from ptlearn_tui.course.notes import plan

    entry = plan.find(notes, item)
    if entry is None:
        known = ", ".join(each.id for each in plan.entries(notes)[:12]) or t("none")
        raise RequestError(t("no item '{item}' in the plan; there are: {known}", item=item, known=known))
    why = plan.tick(progress, entry, done=done)
    if why:
        name = entry.file.name
        sys.stderr.write(
            "ptlearn-tui: " + t("{name} can't be written ({why}): ticks are kept here", name=name, why=why) + "\n"
        )
