"""A script with `# %%` cells, as Jupytext reads it; one without them is one cell."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from ptlearn_tui.course import through_jupytext
from ptlearn_tui.course.notes.document import NotebookCell
from ptlearn_tui.course.notes.language import only_python
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FORM = {"extension": ".py", "format_name": "percent"}

_TRIES = 50  # places to compare before giving up: a file of equal lines has thousands

_RUN_HERE = re.compile(r"%%?(time|timeit)\b")
_MAGIC = re.compile(r"\s*[%!?]")


def read(name: str, text: str) -> list[NotebookCell]:
    """A script's cells, to be shown and run here. Raises `RequestError`.

    Magics stand in a script as comments. Those that can't be run here stay what they are: a comment runs anywhere.
    """
    cells: list[NotebookCell] = []
    for cell in _cells(name, text, _RUN_HERE):
        title = cell.metadata.get("title")
        if isinstance(title, str):  # `# %% Load the data`: words that its author wants to see
            cells.append(NotebookCell("markdown", title))
        code = cell.kind == "code"
        cells.append(replace(cell, source=cell.source.strip("\n")) if code else cell)
    return cells


def read_for_jupyter(name: str, text: str) -> list[NotebookCell]:
    """A script's cells with all their magics, as a notebook has them. Raises `RequestError`."""
    return _cells(name, text, _MAGIC)


def _cells(name: str, text: str, magics: re.Pattern[str]) -> list[NotebookCell]:
    if "\0" in text:
        raise RequestError(
            t("{path} is not UTF-8 text (byte {n})", path=name, n=len(text[: text.index("\0")].encode()))
        )
    notebook = through_jupytext.read(name, text, {**FORM, "comment_magics": False})
    only_python(name, notebook.metadata)
    file = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    sources = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
    places = _places(file, [source.strip("\n") for source in sources])
    return [
        NotebookCell(cell.cell_type, _uncommented(source, magics) or cell.source, cell.metadata, line=line)
        for cell, source, line in zip(notebook.cells, sources, places, strict=True)
    ]


def _uncommented(source: str, wanted: re.Pattern[str]) -> str:
    """Jupytext takes `# copy the weights` for a magic too, and writes it with a second `#` where it does."""
    from jupytext.magics import uncomment_magic

    lines = source.split("\n")
    magics = uncomment_magic(list(lines))
    return "\n".join(
        magic if magic.lstrip().startswith("#") or wanted.match(magic) else line
        for line, magic in zip(lines, magics, strict=True)
    )


def _bare(line: str) -> str:
    return line.removeprefix("# ")  # cells that Jupytext keeps for notebooks only are comments in a script


def _places(file: Sequence[str], sources: Sequence[str]) -> Iterator[int | None]:
    """The line at which each source begins: found in order, by all of its lines."""
    known: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(file):
        known[_bare(line)].append(number)
    at = 0
    for source in sources:
        lines = [*map(_bare, source.split("\n"))]
        numbers = known.get(lines[0], []) if source else []
        nearest = bisect_left(numbers, at)
        for number in numbers[nearest : nearest + _TRIES]:
            if [*map(_bare, file[number : number + len(lines)])] == lines:
                at = number + len(lines)
                yield number + 1
                break
        else:
            yield None
