"""Faults of the program itself: written down whole, told in one line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import state_folder
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from pathlib import Path

FILE = "faults.log"


def write_down(error: BaseException) -> str:
    """Append the traceback to `faults.log` in the state folder; the line that tells a user of it."""
    import traceback

    name = type(error).__name__
    try:
        log: Path = state_folder() / FILE
        with log.open("a", encoding="utf-8") as file:
            file.write(time.strftime("%Y-%m-%d %H:%M:%S\n"))
            traceback.print_exception(error, file=file)
    except (OSError, RequestError):
        return t("a fault of the program itself: {name}: {what}", name=name, what=error)
    return t("a fault of the program itself ({name}); it is written down in {log}", name=name, log=log)
