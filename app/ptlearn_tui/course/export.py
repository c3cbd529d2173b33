"""Lessons and notes as Markdown, notebooks and scripts: by Jupytext, from its own reading, and back again."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ptlearn_tui.course import through_jupytext
from ptlearn_tui.course.notes import notebook, script
from ptlearn_tui.course.notes.document import NotebookCell, closed, fence, info
from ptlearn_tui.course.page import Cell, parse
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nbformat import NotebookNode

    from ptlearn_tui.course.progress import Scratch

FORMATS = ("ipynb", "md", "py")

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

# What stands in the front matter beside the author's own: in a script the kernel, in Markdown nothing.
_MARKDOWN = {"extension": ".md", "notebook_metadata_filter": "-all"}
_FORMS: dict[str, Mapping[str, Any]] = {
    "ipynb": {"extension": ".ipynb"},
    "md": _MARKDOWN,
    "py": {**script.FORM, "notebook_metadata_filter": "kernelspec,-jupytext"},
}

# How Jupytext remembers one format's blank lines. In another they are noise, and two ways would not end in one place.
_LAYOUT = {"lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker", "skipline", "noskipline"}

_FIRST = ("tags", "id", "run")  # the order in which lessons have them


def format_of(name: str, data: bytes) -> str:
    """What a file is, by its name; by its beginning where the name does not tell."""
    suffix = name.lower().rpartition(".")[2]
    if suffix in FORMATS:
        return suffix
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "ipynb"
    return "py" if re.search(rb"^# ?%%", data, re.MULTILINE) else "md"


def export(name: str, data: bytes, wanted: str) -> bytes:
    """A file's content in another format; as it is where it is of that format. Raises `RequestError`."""
    given = format_of(name, data)
    if given == wanted:
        return data
    through_jupytext.need_jupytext(f"--to {wanted}")
    cells = _read(name, data, given)
    if wanted == "md":
        cells = [part for cell in cells for part in _parts(cell)]
    try:
        text = through_jupytext.write(_notebook(cells), _FORMS[wanted])
    except Exception as error:  # metadata that nbformat takes for invalid: `"tags": 5`
        why = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise RequestError(
            t("{path} can't be written as {format}: {why}", path=name, format=wanted, why=why)
        ) from error
    return (text.rstrip("\n") + "\n" if wanted == "ipynb" else text).encode()


def edited(text: str, edits: Mapping[int, str], added: Sequence[Scratch]) -> str:
    """A lesson with the learner's cells in place of the author's, and those of the learner's own below them.

    They are told by their tags, `edited` and `added`.
    """
    lines = text.split("\n")
    below: dict[int, list[str]] = defaultdict(list)
    for each in added:
        if each.source.strip():
            below[max(0, math.floor(each.place))] += ["", *_tagged(Cell(0, each.source), "added")]
    cells = parse(text).cells
    for cell in reversed(cells):
        begin, end = cell.line - 2, cell.line + cell.source.count("\n") + 1  # with both of its fences
        own = edits.get(cell.index, cell.source)
        shown = lines[begin:end] if own == cell.source else _tagged(replace(cell, source=own), "edited")
        lines[begin:end] = [*shown, *below[cell.index]]
    return "\n".join(lines)


def _tagged(cell: Cell, tag: str) -> list[str]:
    metadata = {"tags": [*sorted(cell.tags), tag], "id": cell.id, "run": cell.run}
    return fence(f"python{info(metadata)}", cell.source).split("\n")


def _read(name: str, data: bytes, given: str) -> list[NotebookCell]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(t("{path} is not UTF-8 text (byte {n})", path=name, n=error.start)) from error
    match given:
        case "ipynb":
            cells = notebook.read_cells(name, text)
        case "py":
            cells = script.read_for_jupyter(name, text)
        case _:
            cells = _joined(_read_markdown(name, _spelled(text)))
    return [replace(cell, metadata=_ordered(cell.metadata)) for cell in cells]


def _ordered(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A notebook forgets in which order they stood."""
    names = sorted(metadata.keys() - _LAYOUT, key=lambda name: (*(name != first for first in _FIRST), name))
    return {name: metadata[name] for name in names}


def _notebook(cells: Iterable[NotebookCell]) -> NotebookNode:
    """For Jupyter, which takes it without a question about its kernel. The same cells always make the same notebook."""
    from nbformat import v4

    makers: dict[str, Any] = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
    seen: Counter[tuple[str, str]] = Counter()
    nodes = []
    for cell in cells:
        seen[cell.kind, cell.source] += 1
        identity = f"{cell.kind}\n{seen[cell.kind, cell.source]}\n{cell.source}"
        id = hashlib.sha256(identity.encode()).hexdigest()[:12]  # Jupytext's are random
        nodes.append(makers[cell.kind](cell.source, metadata=dict(cell.metadata), id=id))
    made: NotebookNode = v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=nodes,
        metadata={
            "kernelspec": _KERNEL,
            "language_info": {"name": "python"},
            "jupytext": {"notebook_metadata_filter": "-all"},  # for who goes back with Jupytext itself
        },
    )
    return made


# ---- fences of another language: Jupytext makes `%%bash` cells of them, and they are only to be read ---------------


def _read_markdown(name: str, text: str) -> list[NotebookCell]:
    """As Jupytext reads it."""
    found = through_jupytext.read(name, text, _MARKDOWN)
    return [NotebookCell(cell.cell_type, cell.source, cell.metadata) for cell in found.cells]


def _spelled(text: str) -> str:
    """A page takes `py` for Python too, and any case of it; Jupytext does not."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for cell in parse(text).cells:
        lines[cell.line - 2] = re.sub(r"^(`{3,} *)py(?:thon)?(?=\s|$)", r"\1python", lines[cell.line - 2], flags=re.I)
    return "\n".join(lines)


def _joined(cells: Iterable[NotebookCell]) -> list[NotebookCell]:
    """Fences of another language as what they are on a page: a part of the words around them."""
    joined: list[NotebookCell] = []
    after = ""  # "words" or "fence", where the next cell may go on with the last; else ""
    gap = 1  # blank lines between them
    for cell in cells:
        now = (
            "fence"
            if _is_other(cell)
            else "words"
            if cell.kind == "markdown" and not cell.metadata.keys() - _LAYOUT
            else ""
        )
        piece = NotebookCell("markdown", _as_fence(cell)) if now == "fence" else cell
        if after and now and "fence" in (after, now):
            joined[-1] = replace(joined[-1], source=joined[-1].source + "\n" * (gap + 1) + piece.source)
        else:
            joined.append(piece)
        after, gap = now, cell.metadata.get("lines_to_next_cell", 1)
    return joined


def _parts(cell: NotebookCell) -> list[NotebookCell]:
    """The way back: words with their fences as Jupytext has read them, where that gives the same again."""
    if cell.kind != "markdown":
        return [cell]
    cell = replace(cell, source=closed(cell.source))
    if cell.metadata or "```" not in cell.source:
        return [cell]
    try:
        parts = _read_markdown("", cell.source)
    except RequestError:
        return [cell]
    again = _joined(parts)
    return parts if len(again) == 1 and (again[0].kind, again[0].source) == (cell.kind, cell.source) else [cell]


def _is_other(cell: NotebookCell) -> bool:
    return cell.kind == "code" and through_jupytext.language(cell.source) not in (None, "python")


def _as_fence(cell: NotebookCell) -> str:
    return through_jupytext.write(_notebook([cell]), _MARKDOWN).strip("\n")
