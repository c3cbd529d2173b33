"""`ptlearn-tui plan`: the checklist, in the same store as the dashboard's."""

from __future__ import annotations

import json
import sqlite3
import sys
from typing import TYPE_CHECKING

from ptlearn_tui import locale
from ptlearn_tui.course.plan import PLAN_IDS, load_plan
from ptlearn_tui.course.progress import Progress, unusable
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    import argparse


def main(args: argparse.Namespace) -> int:
    """Print the checklist, or change one item of it."""
    if args.action and args.item not in PLAN_IDS:
        known = ", ".join(PLAN_IDS)
        raise RequestError(t("no item '{item}' in the plan; there are: {known}", item=args.item or "", known=known))
    try:
        with Progress.open() as progress:
            if args.action:
                progress.tick(args.item, done=args.action == "tick")
            done = progress.ticked()
    except sqlite3.Error as error:
        raise unusable(progress.path, error) from error
    items = load_plan(locale.language()).items
    if args.json:
        rows = [
            {
                "id": item.id,
                "title": item.title,
                "done": item.id in done,
                "exercises": {"passed": 0, "total": len(item.exercises)},
            }
            for item in items
        ]
        sys.stdout.write(json.dumps({"items": rows}, ensure_ascii=False) + "\n")
    else:
        for item in items:
            sys.stdout.write(f"[{'x' if item.id in done else ' '}] {item.id:10} {item.title}\n")
    return 0
