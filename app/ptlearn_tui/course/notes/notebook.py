"""Notebooks, and scripts with `# %%` cells -> Markdown, with what their cells had shown and where they stand."""

from __future__ import annotations

import json
import re
import warnings
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ptlearn_tui.course.notes import saved
from ptlearn_tui.course.notes.document import NotebookCell, written
from ptlearn_tui.course.notes.language import only_python
from ptlearn_tui.course.notes.saved import Saved
from ptlearn_tui.course.through_jupytext import need_jupytext
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Converted", "Saved", "convert"]

_KNOWN = 4  # the newest nbformat

# The first string of each cell's source, where the file says it: nbformat 3 calls the source of code `input`.
_SOURCES = re.compile(r'"(?:source|input)"\s*:\s*\[?\s*("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class Converted:
    """A document as Markdown, and what Markdown has no place for."""

    text: str
    saved: Mapping[int, tuple[Saved, ...]]  # by the 1-based line of `text` at which a cell's code begins
    lines: Mapping[int, int]  # the same key -> the 1-based line of the file; what can't be found is left out


def convert(name: str, data: bytes) -> Converted:
    """Read a notebook (`.ipynb`) or a script (`.py`). Raises `RequestError`, in one line that says why."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(t("{path} is not UTF-8 text (byte {n})", path=name, n=error.start)) from error
    if name.lower().endswith(".py"):
        from ptlearn_tui.course.notes.script import read

        cells = read(name, text)
    else:
        cells = read_cells(name, text)
    document, code = written(cells)
    return Converted(
        document,
        saved={line: cell.saved for line, cell in code.items() if cell.saved},
        lines={line: cell.line for line, cell in code.items() if cell.line},
    )


def read_cells(name: str, text: str) -> list[NotebookCell]:
    """A notebook's cells. Raises `RequestError`.

    One of nbformat 4 is plain JSON; what is older is brought up to it by Jupyter's own code.
    """
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise RequestError(t("{path} is not a notebook: line {n} is not JSON", path=name, n=error.lineno)) from error
    except (RecursionError, ValueError) as error:
        raise RequestError(t("{path} is not a notebook: brackets too deep, or a number too long", path=name)) from error
    version = notebook.get("nbformat") if isinstance(notebook, dict) else None
    if type(version) is not int or version < 1:
        raise RequestError(t("{path} is JSON, but not a notebook", path=name))
    if version > _KNOWN:
        raise RequestError(t("{path} is of a newer make than is known here (nbformat {n})", path=name, n=version))
    only_python(name, notebook.get("metadata"))
    if version < _KNOWN:
        notebook = _upgraded(name, notebook, version)
        only_python(name, notebook.get("metadata"))
    given = notebook.get("cells")
    if not isinstance(given, list):
        raise RequestError(t("{path} is JSON, but not a notebook", path=name))
    cells = [cell for cell in given if isinstance(cell, dict)]
    sources = [saved.joined(cell.get("source")) for cell in cells]
    places = _places(text, [_first_line(cell.get("source")) for cell in cells])
    return [_cell(*each) for each in zip(cells, sources, places, strict=True)]


def _cell(cell: dict[str, Any], source: str, line: int | None) -> NotebookCell:
    kind, metadata = cell.get("cell_type"), cell.get("metadata")
    return NotebookCell(
        kind=kind if kind in ("markdown", "code") else "raw",
        source=source,
        metadata=metadata if isinstance(metadata, dict) else {},
        saved=saved.read(cell.get("outputs")) if kind == "code" else (),
        line=line,
    )


def _upgraded(name: str, notebook: dict[str, Any], version: int) -> dict[str, Any]:
    """nbformat 1 … 3 as 4, in memory. Jupyter's code warns of what it mends, which is nobody's concern here."""
    need_jupytext(name)  # nbformat comes with it
    import nbformat

    _complete(name, notebook)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = nbformat.versions[version].to_notebook_json(notebook, minor=notebook.get("nbformat_minor", 0))
            return dict(nbformat.convert(node, _KNOWN))  # type: ignore[no-untyped-call]
    except Exception as error:  # KeyError, AttributeError, ValidationError, …: it is written for valid notebooks
        why = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise RequestError(t("{path} is not a notebook: {why}", path=name, why=why)) from error


def _complete(name: str, notebook: dict[str, Any]) -> None:
    """Put in what old notebooks may lack. Raises `RequestError` for those of another language."""
    notebook.setdefault("metadata", {})
    sheets = notebook.get("worksheets", [notebook])
    for sheet in sheets if isinstance(sheets, list) else []:
        for cell in sheet.get("cells", []) if isinstance(sheet, dict) else []:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                cell.setdefault("outputs", [])
                only_python(name, {"kernelspec": {"language": cell.get("language")}})


def _first_line(source: object) -> str | None:
    """As it stands in the file, before anything is mended."""
    first = next((each for each in source if each), None) if isinstance(source, list) else source
    return first.split("\n", 1)[0] if isinstance(first, str) else None


def _places(text: str, firsts: Sequence[str | None]) -> Iterator[int | None]:
    """The line of the file in which each cell's source begins: found in order, by its first line."""
    offsets: dict[str, list[int]] = defaultdict(list)
    for found in _SOURCES.finditer(text):
        try:
            offsets[json.loads(found[1]).split("\n", 1)[0]].append(found.start(1))
        except ValueError:  # half an escape: text that only looks like a source
            continue
    at, line = 0, 1
    for first in firsts:
        known = offsets.get(first, []) if first is not None else []
        nearest = bisect_left(known, at)
        if nearest == len(known):
            yield None
            continue
        line += text.count("\n", at, known[nearest])
        at = known[nearest]
        yield line
        at += 1
