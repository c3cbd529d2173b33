"""Markdown -> a page: prose, code cells, and fences that are shown but never run."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from ptlearn_tui.course.plan import front_matter

if TYPE_CHECKING:
    from pathlib import Path

    from markdown_it import MarkdownIt
    from markdown_it.token import Token


@dataclass(frozen=True)
class Prose:
    """A run of Markdown between two fences, as CommonMark tokens."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class Cell:
    """A block of Python that can be run."""

    index: int  # 0-based, among the page's cells
    source: str  # without the last line end
    tags: frozenset[str] = frozenset()
    id: str | None = None
    run: str | None = None  # the recipe that this cell starts as a training run
    line: int = 0  # in the file, 1-based, of the cell's first line

    @property
    def raises(self) -> bool:
        """The error is the point of this cell."""
        return "raises-exception" in self.tags

    @property
    def skipped(self) -> bool:
        """Shown, and run only when the learner asks for this very cell."""
        return "skip-execution" in self.tags


@dataclass(frozen=True)
class Fence:
    """A block of another language: shown, copied, never run."""

    language: str
    text: str


Block: TypeAlias = Prose | Cell | Fence


@dataclass(frozen=True)
class Page:
    """A page, ready to be shown or run."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Cell))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    return (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .use(front_matter_plugin)
        .use(dollarmath_plugin, double_inline=True)
        .use(tasklists_plugin)
    )


def _metadata(text: str) -> dict[str, Any]:
    """Jupytext's cell metadata in an info string: `tags=["exercise"] id="row-means" run="mnist"`."""
    import json

    fields: dict[str, Any] = {}
    for match in re.finditer(r"""(\w[\w-]*)=(\[[^\]]*\]|"[^"]*"|\S+)""", text):
        try:
            fields[match.group(1)] = json.loads(match.group(2))
        except ValueError:
            fields[match.group(1)] = shlex.split(match.group(2))[0] if match.group(2).strip() else ""
    return fields


def parse(text: str) -> Page:
    """Read a document. Cells are its top-level `python` fences; fences inside lists are cells too."""
    fields, _ = front_matter(text)
    blocks: list[Block] = []
    prose: list[Token] = []
    cells = 0

    def close_prose() -> None:
        if any(token.type not in ("front_matter",) for token in prose):
            blocks.append(Prose(tuple(token for token in prose if token.type != "front_matter")))
        prose.clear()

    for token in _parser().parse(text):
        if token.type != "fence" or token.level:
            prose.append(token)
            continue
        close_prose()
        language, _, rest = token.info.strip().partition(" ")
        source = token.content.rstrip("\n")
        if language in ("python", "py"):
            data = _metadata(rest)
            tags = data.get("tags", [])
            blocks.append(
                Cell(
                    index=cells,
                    source=source,
                    tags=frozenset(tags if isinstance(tags, list) else [tags]),
                    id=data.get("id"),
                    run=data.get("run"),
                    line=(token.map[0] + 2) if token.map else 0,
                )
            )
            cells += 1
        else:
            blocks.append(Fence(language, source))
    close_prose()
    return Page(str(fields.get("title", "")), tuple(blocks))


def read_page(path: Path) -> Page:
    """Read a page's file. Raises OSError, UnicodeDecodeError."""
    return parse(path.read_text("utf-8"))
