"""`ptlearn-tui` and `ptlearn-tui attach ID`: the dashboard, where there is a terminal for it."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.kernel.limits import memory_asked_for
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    import argparse

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
    if args.run:
        from ptlearn_tui.runs import find

        find(args.run)  # an unknown run is a wrong request: said before the screen opens
    # Nothing of what is imported now ever becomes garbage; looking for some would cost the first screen a tenth of
    # its time. The dashboard turns the collector on again once that screen is drawn.
    gc.disable()
    from ptlearn_tui.tui.app import Dashboard

    dashboard = Dashboard(language=args.lang, run=args.run, data=args.data, ascii_only=args.ascii)
    dashboard.run()
    return dashboard.return_code or 0
