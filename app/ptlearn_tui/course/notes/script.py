"""A script with `# %%` cells, as Jupytext reads it; one without them is one cell."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ptlearn_tui.course.extras import need_jupytext
from ptlearn_tui.course.notes.document import NotebookCell
from ptlearn_tui.course.notes.language import only_python
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Line ends to Jupytext (`str.splitlines`), and none to Python: they are hidden from it.
_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_HIDE = {ord(each): chr(0xF0000 + ord(each)) for each in _ENDS}
_SHOW = {0xF0000 + ord(each): each for each in _ENDS}

# An encoding, in one of the first two lines. The text is decoded already, and Jupytext takes one spelling only.
_CODING = re.compile(r"\A((?:#[^\n]*\n)?[ \t]*#[^\n]*?coding[:=][ \t]*)[-\w.]+")

_TRIES = 50  # places to compare before giving up: a file of equal lines has thousands

_TIMES = re.compile(r"%%?(time|timeit)\b")


def read(name: str, text: str) -> list[NotebookCell]:
    """A script's cells. Raises `RequestError`."""
    need_jupytext(name)
    if "\0" in text:
        raise RequestError(t("{path} is not UTF-8 text (byte {n})", path=name, n=text.index("\0")))
    import jupytext

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    hidden = _CODING.sub(r"\1utf-8", text.translate(_HIDE), count=1)
    form = {"extension": ".py", "format_name": "percent", "comment_magics": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = jupytext.reads(hidden, fmt=form)
    except Exception as error:  # a head that is no YAML, metadata too deep for Python's parser, …
        why = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise RequestError(t("{path} can't be read as a script: {why}", path=name, why=why)) from error
    only_python(name, notebook.metadata)
    sources = [cell.source.translate(_SHOW).strip("\n") for cell in notebook.cells]
    code = [cell.cell_type == "code" for cell in notebook.cells]
    places = _places(
        text.split("\n"), [source if is_code else "" for is_code, source in zip(code, sources, strict=True)]
    )
    cells: list[NotebookCell] = []
    for cell, source, is_code, line in zip(notebook.cells, sources, code, places, strict=True):
        metadata: dict[str, Any] = dict(cell.metadata)
        title = metadata.get("title")
        if isinstance(title, str):  # `# %% Load the data`: words that its author wants to see
            cells.append(NotebookCell("markdown", title.translate(_SHOW)))
        cells.append(NotebookCell(cell.cell_type, _uncommented(source) if is_code else source, metadata, line=line))
    return cells


def _uncommented(source: str) -> str:
    """Magics stand in a script as comments. Those that can't be run here stay what they are: a comment runs anywhere.

    Jupytext takes `# copy the weights` for one too, and writes it with a second `#` where it does.
    """
    from jupytext.magics import uncomment_magic

    lines = source.split("\n")
    magics = uncomment_magic(list(lines))
    return "\n".join(
        magic if magic.lstrip().startswith("#") or _TIMES.match(magic) else line
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
