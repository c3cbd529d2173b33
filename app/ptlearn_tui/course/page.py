"""Markdown -> a page: prose, code cells, and fences that are shown but never run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from ptlearn_tui.course import prompts
from ptlearn_tui.course.notes.saved import Saved
from ptlearn_tui.course.plan import front_matter
from ptlearn_tui.course.question import ASKS, is_question

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LINE_END = re.compile(r"\r\n?|\n")
_FIELD = re.compile(r"""(?<![\w-])(\w[\w-]*)=(\[[^\]]*\]|"[^"]*"|'[^']*'|\S+)""")
MOST_INFO = 10_000  # characters of an info string that are read


@dataclass(frozen=True)
class Prose:
    """A run of Markdown between two fences, as CommonMark tokens."""

    tokens: tuple[Token, ...]
    explains: bool = False  # the answer to the question of the cell above


@dataclass(frozen=True)
class Cell:
    """A block of Python that can be run."""

    index: int  # 0-based, among the page's cells
    source: str  # without the last line end
    tags: frozenset[str] = frozenset()
    id: str | None = None
    ask: str | None = None  # what the learner says first: "shape", "dtype", "value" or "error"
    run: str | None = None  # the recipe that this cell starts as a training run
    line: int = 0  # in the file, 1-based, of the cell's first line
    saved: tuple[Saved, ...] = ()  # what the author's own run of it had shown

    @property
    def raises(self) -> bool:
        """The error is the point of this cell."""
        return "raises-exception" in self.tags

    @property
    def skipped(self) -> bool:
        """Shown, and run only when the learner asks for this very cell."""
        return "skip-execution" in self.tags

    @property
    def prelude(self) -> bool:
        """The imports that notes rarely repeat: it runs first in every kernel of theirs."""
        return "prelude" in self.tags

    @property
    def is_exercise(self) -> bool:
        """The learner's answer is to be checked."""
        return "exercise" in self.tags

    @property
    def scratch(self) -> bool:
        """Not the author's: the learner has added it."""
        return "scratch" in self.tags


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
def parser() -> MarkdownIt:
    """CommonMark with tables, strikethrough, task lists and formulas."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    return (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .use(dollarmath_plugin, double_inline=True, allow_blank_lines=False)  # a stray $$ must not swallow cells
        .use(tasklists_plugin)
    )


def _metadata(text: str) -> dict[str, Any]:
    """Jupytext's cell metadata in an info string: `tags=["exercise"] id="row-means" run="mnist"`."""
    import json

    fields: dict[str, Any] = {}
    for name, value in _FIELD.findall(text[:MOST_INFO]):
        try:
            fields[name] = json.loads(value)
        except (ValueError, RecursionError):
            fields[name] = value.strip("'")
    return fields


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def head(text: str) -> tuple[dict[str, Any], str]:
    """The front matter's fields, and the document with as many blank lines in their place."""
    try:
        fields, begin = front_matter(text)
    except ValueError:  # somebody's notes that begin with a rule: text, like all the rest
        fields, begin = {}, 0
    lines = len(LINE_END.findall(text[:begin].removesuffix("\r")))
    return fields, "\n" * lines + text[begin:]


def code(token: Token, index: int, *, sessions: bool = False) -> Cell | Fence:
    """What a fence is: a cell if it is of Python; with `sessions` also where it begins with `>>>`."""
    language, rest = [*token.info.split(None, 1), "", ""][:2]
    source, printed = token.content.removesuffix("\n"), ""
    line = (token.map[0] + 1 + (token.type == "fence")) if token.map else 0
    session = sessions and prompts.is_session(source)
    if session:
        source, printed = prompts.split(source)
    elif language.lower() not in ("python", "py") or token.type != "fence":
        return Fence(language, source)
    data = _metadata(rest)
    tags = data.get("tags", [])
    return Cell(
        index=index,
        source=source,
        tags=frozenset(map(str, tags if isinstance(tags, list) else [tags])),
        id=_word(data.get("id")),
        ask=data["ask"] if data.get("ask") in ASKS else None,
        run=_word(data.get("run")),
        line=line,
        saved=(Saved(printed),) if printed else (),
    )


def parse(text: str) -> Page:
    """Read a lesson; any text is one. Cells are its top-level `python` fences, as they are for Jupytext.

    Fences inside lists and quotes are shown where they stand and never run.
    """
    fields, body = head(text.removeprefix("\ufeff"))
    blocks: list[Block] = []
    prose: list[Token] = []
    cells = 0

    def close_prose() -> None:
        asked = bool(blocks) and isinstance(blocks[-1], Cell) and blocks[-1].ask is not None
        end = _explanation(prose) if asked else 0
        blocks.extend(Prose(tuple(part), explains=not at) for at, part in enumerate((prose[:end], prose[end:])) if part)
        prose.clear()

    for token in parser().parse(body):
        if token.type != "fence" or token.level:
            prose.append(token)
            continue
        close_prose()
        blocks.append(code(token, cells))
        cells += isinstance(blocks[-1], Cell)
    close_prose()
    return Page(_word(fields.get("title")) or "", tuple(blocks))


def _explanation(tokens: Sequence[Token]) -> int:
    """Where it ends, as an index: at the next heading, or the next question."""
    for at, token in enumerate(tokens):
        if token.level == 0 and token.type == "heading_open":
            return at
        if token.level == 0 and token.type == "paragraph_open" and is_question(tokens[at + 1].content):
            return at
    return len(tokens)


def read_page(path: Path) -> Page:
    """Read a page's file. Raises OSError, UnicodeDecodeError."""
    return parse(path.read_text("utf-8"))
