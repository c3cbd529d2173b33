"""A page of notes as tokens, of a bearable size: what a stranger's file may hold costs no more than a second.

Brackets and stars cost the square of their number, and a table of a million cells is laid out by nobody. Cells stay,
however many they are.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ptlearn_tui.course import prompts
from ptlearn_tui.course.notes.blocks import FRAMES
from ptlearn_tui.course.page import parser
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

MOST_BLOCK = 20_000  # characters of a paragraph
MOST_PAGE = 60_000  # characters of a page; each block counts as some more, its frame is laid out too
MOST_FORMULA = 2_000  # characters
_FRAME = 20

_LEFT = "left"  # in a token's meta: so many characters more


@cache
def reader() -> MarkdownIt:
    """The parser of pages, within bounds."""
    made = parser.__wrapped__()
    made.core.ruler.before("inline", "bounded", _bounded)
    made.core.ruler.after("inline", "told", _told)
    return made


def _bounded(state: StateCore) -> None:
    state.tokens = list(_within(state.tokens))


def _within(tokens: Sequence[Token]) -> Iterator[Token]:
    """Up to the bound of a page; after it, only cells and the lists and quotes that they stand in."""
    spent = left = 0
    skipped: str | None = None  # the end of what is left out
    for token in tokens:
        length = len(token.content)
        if skipped is not None:
            left += length
            skipped = None if token.type == skipped else skipped
        elif token.type.startswith(FRAMES) or (token.type in ("fence", "code_block") and _is_code(token)):
            yield token
        elif spent > MOST_PAGE and token.nesting >= 0 and token.type not in ("inline", "thead_open", "tbody_open"):
            left += length
            skipped = token.type.replace("_open", "_close") if token.nesting else None
        else:
            most = MOST_FORMULA if token.type == "math_block" else MOST_BLOCK if token.type == "inline" else MOST_PAGE
            spent += min(length, most) + _FRAME
            yield token if length <= most else _cut(token, most)
    if left:
        yield from _paragraph(t("… {n} more characters on this page", n=left))


def _is_code(token: Token) -> bool:
    return token.type == "fence" or prompts.is_session(token.content)


def _cut(token: Token, most: int) -> Token:
    left = len(token.content) - most
    if token.type == "inline":
        return token.copy(content=token.content[:most], meta={**token.meta, _LEFT: left})
    if token.type == "math_block":  # half a formula is none
        return token.copy(type="code_block", content=token.content[:most] + "\n" + _more(left))
    return token.copy(content=token.content[:most] + "\n" + _more(left))


def _more(left: int) -> str:
    return t("… {n} more characters", n=left)


def _told(state: StateCore) -> None:
    from markdown_it.token import Token

    for token in state.tokens:
        if _LEFT in token.meta and token.children is not None:
            token.children.append(Token("text", "", 0, content=" " + _more(token.meta[_LEFT])))


def _paragraph(text: str) -> tuple[Token, ...]:
    from markdown_it.token import Token

    common: dict[str, Any] = {"block": True}
    return (
        Token("paragraph_open", "p", 1, **common),
        Token("inline", "", 0, content=text, children=[], level=1, **common),
        Token("paragraph_close", "p", -1, **common),
    )
