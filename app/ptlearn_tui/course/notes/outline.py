"""A document -> its pages, its tasks, its cells; what a page says is read when it is shown."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from ptlearn_tui.course.notes.blocks import blocks
from ptlearn_tui.course.notes.file import LONE
from ptlearn_tui.course.page import LINE_END, Cell, head, parser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONG = 60  # lines: two screens; a page with more is divided at its topics
MOST_LINES, MOST_CHARACTERS = 400, 40_000  # a page with more is divided wherever a block ends
MOST_TITLE = 1000  # characters of a heading or an item that are read

_TASK = re.compile(r"\[([ xX])\][ \t\n\v\f\r]+(\S.*)?", re.DOTALL)
_MARKED_UP = re.compile(r"[*_`\[\]<>&\\~$!\n]")
_TRAILING = " :：。"
_PICTURES = ("So", "Mn", "Cf", "Zs", "Sk")  # an emoji, what varies and joins it, and the space behind it
_NOT_A_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True)
class Task:
    """A box to tick."""

    title: str
    done: bool
    line: int  # 1-based, in the document
    mark: int  # where the character between the brackets stands among the document's
    depth: int  # 0 in a list of its own, 1 in a list in that
    nth: int = 0  # among tasks of the same title


@dataclass(frozen=True)
class Section:
    """A page: what stands under a heading, or under a topic of a long one."""

    id: str  # unique in the document
    title: str
    above: tuple[str, ...]  # the headings that it stands under, outermost first
    begin: int  # lines, 0-based, the end not included
    end: int
    first: int  # the number of its first cell
    count: int  # of cells


@dataclass(frozen=True)
class Outline:
    """A document, as far as its plan and its contents go."""

    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    tasks: tuple[Task, ...]
    cells: tuple[Cell, ...]
    fields: dict[str, Any]  # of the front matter
    references: dict[str, Any] = field(default_factory=dict)  # links that are defined anywhere in it


@dataclass(frozen=True)
class _Top:
    """A block of the document's own level."""

    tokens: tuple[Token, ...]
    begin: int
    end: int

    @property
    def kind(self) -> str:
        return self.tokens[0].type


@cache
def _skimmer() -> MarkdownIt:
    """As the parser of pages, but it does not look into paragraphs: five megabytes take a second."""
    return parser.__wrapped__().disable(
        ["inline", "text_join", "github-tasklists", "table"],  # a table's rows are as good as a paragraph's here
        ignoreInvalid=True,
    )


def outline(text: str, name: str) -> Outline:
    """Any text without a mark at its head has one; `name` is the title of what stands before the first heading."""
    if "\n" not in text:
        text = text.replace("\r", "\n")  # of an old Mac
    fields, body = head(text)
    env: dict[str, Any] = {}
    tokens = _skimmer().parse(body, env)
    lines = tuple(LINE_END.split(body))
    title = titled(fields) or name
    sections, cells = _sections(_divided(_tops(tokens), title), lines)
    return Outline(
        lines=lines,
        sections=sections,
        tasks=tuple(_tasks(tokens, text)),
        cells=cells,
        fields=fields,
        references=env.get("references", {}),
    )


def titled(fields: dict[str, Any]) -> str | None:
    """The front matter's title, if it has one in words: lists in lists may say in a line what fills a disk."""
    title = fields.get("title")
    words = title.translate(LONE) if isinstance(title, str) else str(title) if isinstance(title, float | date) else None
    if isinstance(title, int) and not isinstance(title, bool) and abs(title) < 1e18:
        words = str(title)
    return words[:MOST_TITLE].strip() or None if words is not None else None


def _tops(tokens: Sequence[Token]) -> list[_Top]:
    tops: list[_Top] = []
    begun = end = 0
    for at, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            begin, end = tokens[begun].map or (end, end)
            tops.append(_Top(tuple(tokens[begun : at + 1]), begin, end))
            begun = at + 1
    return tops


# ---- pages -----------------------------------------------------------------------------------------------------


Part: TypeAlias = tuple[str, tuple[str, ...], list[_Top]]
"""Title, the headings above, and what stands there."""


def _sections(parts: Iterable[Part], lines: tuple[str, ...]) -> tuple[tuple[Section, ...], tuple[Cell, ...]]:
    sections: list[Section] = []
    cells: list[Cell] = []
    taken: dict[str, int] = {}
    for title, above, part in parts:
        tokens = [token for top in part for token in top.tokens]
        own = [block for block in blocks(tokens, lines, len(cells)) if isinstance(block, Cell)]
        word = unique(slug(title), taken)
        sections.append(Section(word, title, above, part[0].begin, part[-1].end, len(cells), len(own)))
        cells += own
    return tuple(sections), tuple(cells)


def _divided(tops: list[_Top], name: str) -> Iterator[Part]:
    """At headings; a long page at its topics too; what is still too long wherever a block ends."""
    headings: list[tuple[int, str]] = []
    title, part = name, list[_Top]()

    def closed(following: int) -> Iterator[Part]:
        """`following` is the level of the heading that comes: a title with nothing below but deeper ones is no page."""
        body = [top for top in (part[1:] if headings else part) if top.kind != "hr"]
        if not body and (not headings or following > headings[-1][0]):
            return
        above = tuple(each for _, each in headings[:-1])
        yield from _topics(title, above, part)

    for top in tops:
        if top.kind == "heading_open":
            level = int(top.tokens[0].tag[1:])
            yield from closed(level)
            while headings and headings[-1][0] >= level:
                headings.pop()
            title, part = _title(top.tokens[1].content) or "…", [top]
            headings.append((level, title))
        else:
            part.append(top)
    yield from closed(0)


def _topics(title: str, above: tuple[str, ...], part: list[_Top]) -> Iterator[Part]:
    if part[-1].end - part[0].begin <= LONG:
        yield from _bounded(title, above, part)
        return
    begins = [at for at, top in enumerate(part) if _topic(top) is not None]
    ends = [*begins[1:], len(part)]
    begins = [at for at, end in zip(begins, ends, strict=False) if _shows(part[at:end])]
    before = part[: begins[0]] if begins else part
    if any(top.kind not in ("heading_open", "hr") for top in before):  # else its title is told above its topics
        yield from _bounded(title, above, before)
    for at, end in zip(begins, [*begins[1:], len(part)], strict=False):
        yield from _bounded(_topic(part[at]) or title, (*above, title), part[at:end])


def _topic(top: _Top) -> str | None:
    """The words of a list of one bullet, as people head what they have to say on something."""
    if top.kind != "bullet_list_open":
        return None
    items = [at for at, token in enumerate(top.tokens) if token.type == "list_item_open" and token.level == 1]
    words = top.tokens[items[0] + 2] if len(items) == 1 and items[0] + 2 < len(top.tokens) else None
    if words is None or words.type != "inline" or _TASK.match(words.content):
        return None
    return _title(words.content.split("\n", 1)[0]).rstrip(_TRAILING) or None


def _shows(part: Sequence[_Top]) -> bool:
    """Whether a topic has code or a formula under it: a lone remark is no page."""
    return any(token.type in ("fence", "code_block", "math_block") for top in part for token in top.tokens)


def _bounded(title: str, above: tuple[str, ...], part: list[_Top]) -> Iterator[Part]:
    piece, size, number = list[_Top](), 0, 1
    while part and part[-1].kind == "hr":  # the rule before the next heading
        part = part[:-1]
    for top in (each for whole in part for each in _pieces(whole)):
        length = sum(len(token.content) for token in top.tokens)
        if piece and (top.end - piece[0].begin > MOST_LINES or size + length > MOST_CHARACTERS):
            yield title if number == 1 else f"{title} ({number})", above, piece
            piece, size, number = [], 0, number + 1
        piece.append(top)
        size += length
    if piece:
        yield title if number == 1 else f"{title} ({number})", above, piece


def _pieces(top: _Top) -> Iterator[_Top]:
    """A list that is longer than a page, which some people's notes are as a whole, is divided between its items."""
    small = top.end - top.begin <= MOST_LINES and sum(len(token.content) for token in top.tokens) <= MOST_CHARACTERS
    if small or top.kind not in ("bullet_list_open", "ordered_list_open"):
        yield top
        return
    first, *items, last = top.tokens
    begun = 0
    for at, token in enumerate(items):
        if token.type == "list_item_close" and token.level == 1:
            begin, end = items[begun].map or (top.begin, top.end)
            yield _Top((first, *items[begun : at + 1], last), begin, end)
            begun = at + 1


def _plain(markdown: str) -> str:
    """Words without their markup."""
    markdown = markdown[:MOST_TITLE]
    if not _MARKED_UP.search(markdown):
        return markdown.strip()
    (inline,) = parser().parseInline(markdown)
    kinds = ("text", "code_inline", "math_inline", "html_inline", "softbreak")
    tokens = (token for token in inline.children or [] if token.type in kinds)
    return " ".join("".join(" " if token.type == "softbreak" else token.content for token in tokens).split())


def _title(markdown: str) -> str:
    """Without the emoji in front: terminals don't agree how wide it is, and titles stand in columns."""
    words = _plain(markdown)
    at = next((at for at, each in enumerate(words) if unicodedata.category(each) not in _PICTURES), 0)
    return words[at:]


def slug(title: str) -> str:
    """A title as one word."""
    return _NOT_A_WORD.sub("-", title.lower()).strip("-")[:60] or "page"


def unique(word: str, taken: dict[str, int]) -> str:
    """It, or it with a number."""
    number = taken[word] = taken.get(word, 0) + 1
    return word if number == 1 else unique(f"{word}-{number}", taken)


# ---- tasks -----------------------------------------------------------------------------------------------------


def _tasks(tokens: Sequence[Token], text: str) -> Iterator[Task]:
    """The first paragraph of a list item that begins with a box, as forges read it."""
    begins: list[int] | None = None
    counts: dict[str, int] = {}
    for at in range(2, len(tokens)):
        token = tokens[at]
        if token.type != "inline" or tokens[at - 2].type != "list_item_open" or tokens[at - 1].type != "paragraph_open":
            continue
        found = _TASK.match(token.content)
        if not found or not token.map:
            continue
        if begins is None:
            begins = [0, *(end.end() for end in LINE_END.finditer(text))]
        title = _plain((found[2] or "").split("\n", 1)[0])
        nth = counts[title] = counts.get(title, -1) + 1
        line = token.map[0]
        yield Task(
            title=title,
            done=found[1] != " ",
            line=line + 1,
            mark=text.index("[", begins[line]) + 1,  # nothing but the list's own marks stands before it
            depth=(token.level - 3) // 2,
            nth=nth,
        )
