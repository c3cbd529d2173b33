"""CommonMark tokens -> lines of text for a width, with Chinese and formulas laid out as their readers expect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.course.notes.blocks import CONTINUED
from ptlearn_tui.plain import safe
from ptlearn_tui.tui import formula
from ptlearn_tui.tui.text import wrap
from ptlearn_tui.tui.theme import ACCENT, FAINT, GOOD, MUTED, STRONG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_STYLES = {"strong": STRONG, "em": "italic", "s": "strike", "link": f"underline {ACCENT}", "heading": STRONG}
_INSIDE = re.compile(r"(?:\.\./)?(\d\d-[a-z]+/\d\d-[a-z0-9-]+)\.md")  # another page of the course
_CODE = "$call"
_BOX = '<input class="task-list-item-checkbox"'  # as the task list plugin writes it


@dataclass
class _Flow:
    """Where the next paragraph stands: how far in, and what its first line begins with."""

    indent: int = 0
    bullet: str = ""


def inline(tokens: Sequence[Token], base: str = "") -> Iterator[Content | tuple[str, ...]]:
    """Paragraph pieces: `Content` to be wrapped, or the rows of a formula that needs lines of its own."""
    parts: list[tuple[str, str]] = []
    stack = [base] if base else []
    target = ""

    def style() -> str:
        return " ".join(stack)

    for token in tokens:
        kind = token.type
        if kind == "text":
            parts.append((safe(token.content), style()))
        elif kind == "code_inline":
            parts.append((safe(token.content), _CODE))
        elif kind == "math_inline":
            drawn = formula.in_line(token.content)
            if drawn is None:
                yield Content.assemble(*parts)
                parts.clear()
                yield formula.block(token.content)
            else:
                parts.append((safe(drawn), style()))
        elif kind == "math_inline_double":
            yield Content.assemble(*parts)
            parts.clear()
            yield formula.block(token.content)
        elif kind == "softbreak":
            # A line end in the source is a space between words, and nothing between Chinese characters.
            last = parts[-1][0][-1:] if parts else ""
            parts.append(("" if last and ord(last) > 0x2E80 else " ", ""))
        elif kind == "hardbreak":
            yield Content.assemble(*parts)
            parts.clear()
        elif kind == "image":
            parts.append((f"[{safe(token.content)}]", MUTED))
        elif kind == "html_inline" and token.content.startswith(_BOX):
            done = "checked=" in token.content
            parts.append(("[x]" if done else "[ ]", GOOD if done else MUTED))
        elif kind == "html_inline":
            parts.append((safe(token.content), MUTED))
        elif kind.endswith("_open"):
            stack.append(_STYLES.get(kind[:-5], ""))
            if kind == "link_open":
                target = str(token.attrs.get("href", ""))
                if inside := _INSIDE.fullmatch(target):
                    stack[-1] += f" @click=app.follow('{inside[1]}')"
        elif kind.endswith("_close") and stack:
            stack.pop()
            if kind == "link_close" and _INSIDE.fullmatch(target):
                parts.append((" ›", ACCENT))
            elif kind == "link_close" and target and parts and parts[-1][0] != target:
                parts.append((f" ({safe(target)})", MUTED))  # links show where they lead
    if parts:
        yield Content.assemble(*parts)


def lay(tokens: Sequence[Token], width: int) -> list[Content]:
    """All lines of a run of Markdown, blank lines between its blocks."""
    lines: list[Content] = []
    flows = [_Flow()]
    numbers: list[int | None] = []
    base = ""
    tight = 0
    at = 0
    while at < len(tokens):
        token = tokens[at]
        kind = token.type
        flow = flows[-1]
        if kind == "inline":
            for piece in inline(token.children or [], base):
                _place(lines, piece, flow, width)
        elif kind == "heading_open":
            base = STRONG
            _gap(lines)
        elif kind == "heading_close":
            base = ""
        elif kind == "paragraph_open":
            if not tight or not token.hidden:
                _gap(lines)
        elif kind in ("bullet_list_open", "ordered_list_open"):
            if not numbers:
                _gap(lines)
            start = token.attrs.get("start", 1)
            numbers.append(int(start) if kind == "ordered_list_open" else None)
            tight += 1
        elif kind in ("bullet_list_close", "ordered_list_close"):
            numbers.pop()
            tight -= 1
        elif kind == "list_item_open":
            number = numbers[-1]
            bullet = "· " if number is None else f"{number}. "
            if token.meta.get(CONTINUED):  # it goes on after a cell that stood in it
                number, bullet = None, "  "
            elif str(token.attrs.get("class", "")).startswith("task-list-item"):
                number, bullet = None, ""  # its box is mark enough
            if number is not None:
                numbers[-1] = number + 1
            flows.append(_Flow(flow.indent + cell_len(bullet), bullet))
        elif kind == "list_item_close":
            flows.pop()
        elif kind == "blockquote_open":
            flows.append(_Flow(flow.indent + 2))
            base = MUTED
        elif kind == "blockquote_close":
            flows.pop()
            base = ""
        elif kind in ("math_block", "math_block_label"):
            _gap(lines)
            _place(lines, formula.block(token.content), _Flow(flow.indent + 6), width)
        elif kind in ("fence", "code_block"):
            _gap(lines)
            lines += [
                Content.assemble(" " * (flow.indent + 2), (safe(line), _CODE))
                for line in token.content.rstrip("\n").split("\n")
            ]
        elif kind == "hr":
            _gap(lines)
            lines.append(Content.styled("─" * width, FAINT))
        elif kind == "html_block":
            _gap(lines)
            lines += [Content.styled(safe(line), MUTED) for line in token.content.rstrip("\n").split("\n")]
        elif kind == "table_open":
            end = next(i for i in range(at, len(tokens)) if tokens[i].type == "table_close")
            _gap(lines)
            lines += _table(tokens[at:end], width)
            at = end
        at += 1
    return lines


def _gap(lines: list[Content]) -> None:
    """One blank line between blocks, none at the begin."""
    if lines and lines[-1].plain:
        lines.append(Content())


def _place(lines: list[Content], piece: Content | tuple[str, ...], flow: _Flow, width: int) -> None:
    indent = " " * flow.indent
    if isinstance(piece, tuple):
        lines += [Content(indent + row) for row in piece]
        return
    for line in wrap(piece, width - flow.indent):
        first = indent[: flow.indent - cell_len(flow.bullet)] + flow.bullet if flow.bullet else indent
        lines.append(Content.assemble((first, MUTED), line))
        flow.bullet = ""


def _table(tokens: Sequence[Token], width: int) -> list[Content]:
    """Columns as wide as their widest cell, the last one cut to what is left; a thin rule below the head."""
    grid: list[list[Content]] = []
    for token in tokens:
        if token.type == "tr_open":
            grid.append([])
        elif token.type == "inline":
            pieces = [piece for piece in inline(token.children or []) if isinstance(piece, Content)]
            grid[-1].append(Content("").join(pieces))
    columns = max(map(len, grid), default=0)
    sizes = [max((row[at].cell_length for row in grid if at < len(row)), default=0) for at in range(columns)]
    while sum(sizes) + 2 * (columns - 1) > width and max(sizes) > 8:
        sizes[sizes.index(max(sizes))] -= 1
    lines: list[Content] = []
    for number, row in enumerate(grid):
        wrapped = [wrap(cell, size) for cell, size in zip(row, sizes, strict=False)]
        for level in range(max(map(len, wrapped), default=1)):
            cells = [lines_[level] if level < len(lines_) else Content() for lines_ in wrapped]
            padded = [
                Content.assemble(cell, " " * (size - cell.cell_length))
                for cell, size in zip(cells, sizes, strict=False)
            ]
            line = Content("  ").join(padded)
            lines.append(line.stylize(STRONG) if number == 0 else line)
        if number == 0:
            lines.append(Content.styled("─" * min(width, sum(sizes) + 2 * (columns - 1)), FAINT))
    return lines
