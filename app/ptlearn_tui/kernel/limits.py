"""How much memory a kernel's cells may come to use, decided before any of them runs, so that it can be said."""

from __future__ import annotations

import os
import re

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

VARIABLE = "PTLEARN_MEMORY"
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
SMALLEST = 100 * 10**6  # bytes: with less, not even a cell's code can be read

RESERVE = 10**9  # bytes that the system and the dashboard keep, or a tenth of what is there …
MOST_RESERVED = 16 * 10**9  # … but no more than this: on 2 TB it would be 200 GB


def memory_for_cells() -> int:
    """Bytes: what `PTLEARN_MEMORY` says, else most of what is available now, in this container.

    Raises `RequestError` for a variable that says something else.
    """
    given = memory_asked_for()
    if given is not None:
        return given
    from ptlearn_tui.doctor import machine  # 80 ms, in the worker's thread and not before the first screen

    return most_of(machine.memory().available)


def memory_asked_for() -> int | None:
    """Bytes by `PTLEARN_MEMORY`: `8GB`, `512 MB`, `1.5G` or a plain number. Raises `RequestError` for anything else."""
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)(?:I?B)?", text.upper(), re.ASCII)
    size = int(float(found[1]) * UNITS[found[2]]) if found else 0
    if not SMALLEST <= size < 2**62:  # a system takes a limit of 63 bits
        raise RequestError(
            t("{name}={given}: a size is wanted, 512MB or 8GB, and at least 100MB", name=VARIABLE, given=text)
        )
    return size


def most_of(available: int) -> int:
    """All of it but the reserve; half where that is more, and never less than `SMALLEST`. Two figures: it is read."""
    size = max(available - min(max(RESERVE, available // 10), MOST_RESERVED), available // 2, SMALLEST)
    unit: int = 10 ** max(0, len(str(size)) - 2)
    return size // unit * unit
