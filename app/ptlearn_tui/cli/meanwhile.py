"""What stands on a terminal's last line while something takes a few seconds and has nothing to show yet."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def can_draw_over(out: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether `out` is a terminal whose last line can be taken back."""
    return out.isatty() and environment.get("TERM", "dumb") != "dumb"


@contextmanager
def meanwhile(words: str) -> Iterator[None]:
    """On stderr, and gone with the end of the block; nowhere else than on a terminal."""
    live = can_draw_over(sys.stderr, os.environ)
    if live:
        sys.stderr.write(words)
        sys.stderr.flush()
    try:
        yield
    finally:
        if live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
