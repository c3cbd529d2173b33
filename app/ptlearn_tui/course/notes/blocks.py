"""Notes as CommonMark tokens -> blocks. A fence of Python is a cell wherever it stands, in a list or a quote too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.course import prompts
from ptlearn_tui.course.page import Block, Cell, Fence, Prose, code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

CONTINUED = "continued"  # in a token's meta: a list item or a quote goes on after a cell that stood in it

FRAMES = ("blockquote", "bullet_list", "ordered_list", "list_item")


def blocks(tokens: Sequence[Token], lines: Sequence[str], first: int = 0) -> Iterator[Block]:
    """`lines` are those that the tokens were made of; cells are numbered from `first`."""
    prose: list[Token] = []
    opened: list[Token] = []  # the lists, items and quotes that are open here
    number = first
    at = 0
    while at < len(tokens):
        token, block, end = tokens[at], None, at + 1
        if token.type in ("fence", "code_block"):
            block = code(token, number, sessions=True)
            if isinstance(block, Fence) and (token.level or token.type == "code_block"):
                block = None  # shown where it stands
        elif token.type == "blockquote_open" and not token.level:
            session = _quoted(token, lines)
            if session is not None:
                block = code(session, number, sessions=True)
                end = _after(tokens, at)
        if block is None:
            prose.append(token)
            _follow(opened, token)
        else:
            yield from _said([*prose, *_closing(opened)])
            yield block
            number += isinstance(block, Cell)
            prose = [_again(token) for token in opened]
            opened = list(prose)
        at = end
    yield from _said(prose)


def _follow(opened: list[Token], token: Token) -> None:
    if not token.type.startswith(FRAMES):
        return
    if token.nesting == 1:
        if token.type == "list_item_open" and opened[-1].type == "ordered_list_open":
            # The number of the item after this one, should the list have to begin anew.
            start = int(opened[-1].attrs.get("start", 1))
            opened[-1] = opened[-1].copy(attrs={**opened[-1].attrs, "start": start + 1})
        opened.append(token)
    else:
        opened.pop()


def _again(token: Token) -> Token:
    return token.copy(meta={**token.meta, CONTINUED: True})


def _closing(opened: Sequence[Token]) -> Iterator[Token]:
    for token in reversed(opened):
        yield token.copy(type=token.type.replace("_open", "_close"), nesting=-1, meta={})


def _said(tokens: Sequence[Token]) -> Iterator[Prose]:
    """Where nothing but the frames of lists and quotes is left, there is nothing to show."""
    if any(not token.type.startswith(FRAMES) for token in tokens):
        yield Prose(tuple(tokens))


def _after(tokens: Sequence[Token], at: int) -> int:
    return next(i for i in range(at + 1, len(tokens)) if not tokens[i].level and tokens[i].nesting == -1) + 1


def _quoted(token: Token, lines: Sequence[str]) -> Token | None:
    """`>>> x` at the begin of a line is three quotes to CommonMark, and Python's prompt to who has pasted it."""
    begin, end = token.map or (0, 0)
    text = "\n".join(lines[begin:end])
    return token.copy(type="code_block", content=text, info="", nesting=0) if prompts.is_session(text) else None
