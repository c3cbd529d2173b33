"""The files of a folder that are notes, in the order that people see."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARKDOWN = (".md", ".markdown", ".txt")
IN_FOLDERS = (*MARKDOWN, ".ipynb")  # a folder's scripts are rarely notes; one is opened by its name
MOST_FILES = 500
_LEFT_OUT = ("node_modules", "site-packages")


def walk(folder: Path, closed: Callable[[OSError], object]) -> Iterator[Path]:
    """By name, numbers as numbers; hidden folders and links to folders are left out, `closed` ones are told."""
    for root, folders, names in os.walk(folder, onerror=closed):
        folders[:] = sorted((each for each in folders if each[0] != "." and each not in _LEFT_OUT), key=_natural)
        for name in sorted(names, key=_natural):
            if name[0] != "." and name.lower().endswith(IN_FOLDERS):
                yield Path(root, name)


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A name that ends comes first, then numbers, then letters: `1.md`, `2.md`, `10.md`, `a.md`, `a2.md`."""
    pieces = filter(None, re.split(r"(\d+|\.)", name))
    ranks = [
        (0, 0, "") if each == "." else (1, int(each), "") if each.isdecimal() else (2, 0, each.lower())
        for each in pieces
    ]
    return ranks, name
