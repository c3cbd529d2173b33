"""What a cell of a notebook has shown to its author: text and pictures, bounded, and nothing that a browser runs."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_LINES = 200  # of a cell
MOST_TEXT = 64_000  # characters of a cell
MOST_IMAGE = 2_000_000  # bytes of a picture

_BEGINS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

# Colours, moves of the cursor, titles and links (at most up to the line's end), escapes of two letters.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Saved:
    """One saved output of a cell, of a notebook."""

    text: str  # plain, without the last line end; "" for an image
    image: bytes = b""  # PNG or JPEG
    error: bool = False  # it was a traceback or stderr


def joined(value: object) -> str:
    """Text as nbformat keeps it: a string or a list of its lines. Half a surrogate pair, or a null, is no letter."""
    lines = value if isinstance(value, list) else [value]
    return _SURROGATE.sub("\ufffd", "".join(line for line in lines if isinstance(line, str))).replace("\0", "\ufffd")


def read(outputs: object) -> tuple[Saved, ...]:
    """A cell's outputs, in order. What is of no use here, and what is no output at all, is left out."""
    if not isinstance(outputs, list):
        return ()
    found = (_read_one(output) for output in outputs if isinstance(output, dict))
    return tuple(_bounded(_merged(each for each in found if each is not None)))


def _read_one(output: dict[str, Any]) -> Saved | None:
    match output.get("output_type"):
        case "stream":
            return Saved(joined(output.get("text")), error=output.get("name") == "stderr")
        case "error":
            lines = output.get("traceback")
            text = "\n".join(map(joined, lines)) if isinstance(lines, list) else joined(lines)
            text = text or f"{joined(output.get('ename'))}: {joined(output.get('evalue'))}"
            return Saved(text + "\n", error=True)
        case "execute_result" | "display_data":
            data = output.get("data")
            return _read_bundle(data) if isinstance(data, dict) else None
    return None


def _read_bundle(data: dict[str, Any]) -> Saved | None:
    """The same thing in several forms: the picture if there is one, else the text; never HTML, SVG or a widget."""
    for kind, begin in _BEGINS.items():
        content = joined(data.get(kind))
        if len(content) * 3 // 4 > MOST_IMAGE:
            return Saved(t("(a picture of {n} MB, left out)", n=f"{len(content) * 3 / 4e6:.1f}") + "\n")
        try:
            image = base64.b64decode(content)
        except (binascii.Error, ValueError):
            continue
        if image.startswith(begin):
            return Saved("", image)
    text = joined(data.get("text/plain"))
    if text:
        return Saved(text + "\n")
    kinds = ", ".join(sorted(joined(kind) for kind in data if data[kind])[:4])
    return Saved(t("({kinds}: not shown here)", kinds=kinds) + "\n") if kinds else None


def _merged(found: Iterable[Saved]) -> Iterator[Saved]:
    """Texts that follow each other as one: a program that prints slowly has a stream for each line."""
    texts: list[str] = []
    last = Saved("")
    for each in found:
        if texts and (each.image or each.error != last.error):
            yield replace(last, text="".join(texts))
            texts = []
        if each.image:
            yield each
        else:
            texts.append(each.text)
            last = each
    if texts:
        yield replace(last, text="".join(texts))


def _bounded(found: Iterable[Saved]) -> Iterator[Saved]:
    """As many lines of a cell's text as are worth reading again, and how many more there are."""
    lines, room, more = MOST_LINES, MOST_TEXT, 0
    for each in found:
        if each.image:
            yield each
            continue
        kept: list[str] = []
        every = each.text.removesuffix("\n").split("\n")
        for number, line in enumerate(every):
            if not lines or not room:
                more += len(every) - number
                break
            shown = _plain(line[: MOST_TEXT * 4])  # escapes take no room
            kept.append(shown if len(shown) <= room else shown[:room] + "…")
            lines, room = lines - 1, max(0, room - len(shown))
        if any(kept):
            yield Saved("\n".join(kept), error=each.error)
    if more:
        yield Saved(t("… {n} more lines, left out", n=more))


def _plain(line: str) -> str:
    """What a terminal would show of a line in the end: without colours, and without what a bar has overwritten."""
    shown = _ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]
    return _CONTROL.sub("\ufffd", shown)
