"""A notebook's cells as one Markdown document in which no cell can reach into the next."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptlearn_tui.course.page import Cell, parse
from ptlearn_tui.course.plan import front_matter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptlearn_tui.course.notes.saved import Saved

# What a first line `%%bash` makes of a code cell: text of that language, to be read. Others (`%%time`) are Python.
LANGUAGES = {
    **dict.fromkeys(("bash", "sh", "script", "system", "sx", "!"), "bash"),
    **dict.fromkeys(("javascript", "js"), "javascript"),
    **{
        name: name
        for name in ("cmd", "perl", "ruby", "html", "latex", "markdown", "svg", "cython", "sql", "r", "julia")
    },
}

_MAGIC = re.compile(r"%%[ \t]*(\w+|!)[^\n]*\n?")
_PLAIN = re.compile(r"[\w.:+/ -]+")  # what an info string can hold: quotes, backticks and backslashes mean something
_OPENS = re.compile(r"```|~~~|^ {0,3}<[!?/a-z]", re.MULTILINE | re.IGNORECASE)  # what may go on to a document's end
_CLOSERS = ("-->", "?>", "]]>", ">", "</script>", "</pre>", "</style>", "</textarea>")
_PROBE = "```python\nprobe\n```"


@dataclass(frozen=True)
class NotebookCell:
    """A cell of a notebook, or of a script that has them."""

    kind: str  # "markdown", "code" or "raw"
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    saved: tuple[Saved, ...] = ()
    line: int | None = None  # in the file, 1-based, of the source's first line


def written(cells: Sequence[NotebookCell]) -> tuple[str, dict[int, NotebookCell]]:
    """The document without empty cells, and its cells of Python by the 1-based line at which their code begins."""
    parts: list[str] = []
    code: dict[int, NotebookCell] = {}
    line = 1
    for cell in cells:
        source = cell.source.replace("\r\n", "\n").replace("\r", "\n")
        if not source.strip():
            continue
        head = not parts and cell.kind == "raw" and _is_head(source)
        block = source.strip("\n") if head else _block(cell, source)
        if not parts and not head and block.startswith(("---", "\ufeff")):
            parts, line = ["\n"], 2  # a rule that opens a text must not make front matter of it
        parts.append(block + "\n\n")
        if cell.kind == "code" and re.match(r"`+python( |\n)", block):
            code[line + 1] = cell
        line += block.count("\n") + 2
    return "".join(parts).rstrip("\n") + "\n", code


def _block(cell: NotebookCell, source: str) -> str:
    if cell.kind == "markdown":
        return closed(source)
    if cell.kind != "code":
        return fence("", source)
    language = cell.metadata.get("language", "python")
    magic = _MAGIC.match(source)
    if isinstance(language, str) and language.lower() != "python" and _PLAIN.fullmatch(language):
        return fence(language.replace(" ", "-"), source)
    if magic and magic[1].lower() in LANGUAGES:
        return fence(LANGUAGES[magic[1].lower()], source[magic.end() :])
    return fence(f"python{info(cell.metadata)}", source)


def _is_head(source: str) -> bool:
    """Front matter, as Jupytext keeps it: in a raw cell, the first."""
    try:
        fields, end = front_matter(source.strip("\n"))
    except ValueError:
        return False
    return bool(fields) and not source.strip("\n")[end:].strip()


def fence(info: str, source: str) -> str:
    """A block of code, in a fence that it does not close."""
    marks = max((len(found) for found in re.findall(r"^[ \t]*(`{3,})", source, re.MULTILINE)), default=2)
    return f"{'`' * (marks + 1)}{info}\n{source}\n{'`' * (marks + 1)}"


def info(metadata: Mapping[str, Any]) -> str:
    """What a page reads of a cell's metadata. `scratch` is the program's own word for what a learner has added."""
    tags = metadata.get("tags")
    wanted: dict[str, Any] = {
        "tags": [tag for tag in tags if _is_plain(tag) and tag != "scratch"] if isinstance(tags, list) else [],
        **{name: metadata[name] for name in ("id", "run") if _is_plain(metadata.get(name))},
    }
    return "".join(f" {name}={json.dumps(value, ensure_ascii=False)}" for name, value in wanted.items() if value)


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and bool(_PLAIN.fullmatch(value))


def closed(source: str) -> str:
    """The text as it is, and closed where its author forgot to: it is a cell of its own, whatever it opens."""
    if not _OPENS.search(source) or _ends(source):
        return source
    marks = sorted({found[1] for found in re.finditer(r"^[ >]*(`{3,}|~{3,})", source, re.MULTILINE)}, key=len)
    for closer in (*marks, *_CLOSERS):
        if _ends(f"{source}\n{closer}"):
            return f"{source}\n{closer}"
    return fence("markdown", source)


def _ends(source: str) -> bool:
    """Whether what follows a text is not taken for a part of it."""
    blocks = parse(f"\n{source}\n\n{_PROBE}").blocks
    return isinstance(blocks[-1], Cell) and blocks[-1].source == "probe"
