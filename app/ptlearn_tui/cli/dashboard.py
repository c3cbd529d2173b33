"""`ptlearn-tui`, `open PATH` and `attach ID`: the dashboard, where there is a terminal for it."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import expanded
from ptlearn_tui.kernel.limits import memory_asked_for
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    import argparse

    from ptlearn_tui.tui.opened import OpenedNotes

AT_ONCE = 300_000  # bytes: a tenth of a second

HEADLESS = "plan, run, train, runs, data, doctor, export, progress"


def main(args: argparse.Namespace) -> int:
    """Open the dashboard; raises `RequestError` where no terminal can show it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise RequestError(
            t("no terminal here (over ssh: ssh -t); without one there are: {commands}", commands=HEADLESS)
        )
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        raise RequestError(
            t(
                "TERM={term} can't show the dashboard; these commands need no screen: {commands}",
                term=os.environ.get("TERM", ""),
                commands=HEADLESS,
            )
        )
    memory_asked_for()
    opened: OpenedNotes | None = None
    if args.path:
        opened = _notes(args)  # so is a file that can't be read, or is no text
    if args.run:
        from ptlearn_tui.runs import find

        find(args.run)  # an unknown run is a wrong request: said before the screen opens
    # Nothing of what is imported now ever becomes garbage; looking for some would cost the first screen a tenth of
    # its time. The dashboard turns the collector on again once that screen is drawn.
    gc.disable()
    from ptlearn_tui.tui.app import Dashboard

    dashboard = Dashboard(language=args.lang, run=args.run, data=args.data, ascii_only=args.ascii, opened=opened)
    dashboard.run()
    return dashboard.return_code or 0


def _notes(args: argparse.Namespace) -> OpenedNotes:
    """Read at once where that takes a moment; what is large is read while the screen says so."""
    from ptlearn_tui.course.notes.file import contents
    from ptlearn_tui.course.notes.load import load
    from ptlearn_tui.tui.opened import OpenedNotes

    path = expanded(args.path)
    notes = None
    if path.is_dir():
        pass
    elif path.suffix.lower() in (".ipynb", ".py") or len(contents(path)[0]) < AT_ONCE:
        notes = load(path, prelude=not args.no_prelude)
    return OpenedNotes(path, read_only=args.read_only, prelude=not args.no_prelude, notes=notes)
