"""Words -> the pages, exercises and terms of the course that have them, the best first."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui.course.plan import front_matter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptlearn_tui.course.plan import PageEntry, Plan

MOST = 50
SNIPPET = 90  # characters around the first word

_FENCE = re.compile(r"^(```+|~~~+).*?^\1[^\n]*$", re.DOTALL | re.MULTILINE)
_MARKS = re.compile(r"\*\*|__|`|^#+ |^\s*(?:[-*]|\d+\.) |\[([^\]]*)\]\([^)]*\)|\$\$?", re.MULTILINE)


class Passage(NamedTuple):
    """A paragraph, a heading or a cell."""

    text: str  # without marks
    rank: int  # the smaller the better: a heading before prose before code


class Hit(NamedTuple):
    """A page that has all the words in one passage."""

    entry: PageEntry
    passage: str  # its part around the first word; empty where the title has them
    places: int  # passages of that page that have them


def search(plan: Plan, wanted: str) -> list[Hit]:
    """Capitals make no difference; all words have to stand in one passage, or in the title. Raises OSError."""
    words = wanted.casefold().split()
    if not words:
        return []
    found: list[tuple[int, int, Hit]] = []
    for at, entry in enumerate(plan.every):
        in_title = all(word in entry.title.casefold() for word in words)
        passages = [each for each in _passages(entry) if all(word in each.text.casefold() for word in words)]
        if not in_title and not passages:
            continue
        best = min(passages, key=lambda each: each.rank, default=None)
        rank = -1 if in_title else best.rank if best is not None else 9
        text = _around(best.text, words) if best is not None else ""
        found.append((rank, at, Hit(entry, text, len(passages))))
    return [hit for *_, hit in sorted(found, key=lambda each: each[:2])[:MOST]]


@lru_cache(maxsize=400)
def _passages(entry: PageEntry) -> tuple[Passage, ...]:
    text = entry.path.read_text("utf-8")
    _, begin = front_matter(text)
    body = text[begin:]
    return tuple(_divided(body.partition("\n## ")[0] if entry.is_exercise else body))  # hints are for those who ask


def _divided(text: str) -> Iterator[Passage]:
    for fence in _FENCE.finditer(text):
        yield Passage(" ".join(fence[0].partition("\n")[2].rsplit("\n", 1)[0].split()), 3)
    for paragraph in re.split(r"\n\s*\n", _FENCE.sub("", text)):
        if paragraph.strip():
            rank = 1 if paragraph.lstrip().startswith("#") else 2
            yield Passage(" ".join(_MARKS.sub(lambda mark: mark[1] or "", paragraph).split()), rank)


def _around(text: str, words: list[str]) -> str:
    at = max(text.casefold().find(words[0]), 0)
    begin = max(0, at - SNIPPET // 3)
    if begin:
        begin = text.find(" ", begin, at) + 1 or begin
    return ("…" if begin else "") + text[begin : begin + SNIPPET] + ("…" if begin + SNIPPET < len(text) else "")
