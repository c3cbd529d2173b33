"""Errors, warnings and traps in words: why it happened, and one or two repairs as code, in both languages.

A text has places for facts: ``{loss:loss}`` is the fact, or "loss" where there is none; where a fact without such a
stand-in is missing, the next way to say it is taken. The last way needs no facts, so nothing is ever left open.
"""

from __future__ import annotations

from importlib import import_module
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ptlearn_tui import locale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_REPAIRS = 2
LIVE = "tensors"  # the fact that holds the live tensors of the line: ``a: (32, 400) float32 cpu``, one a line

Ways: TypeAlias = "str | tuple[str, ...]"
"""A text, or several ways to say it, the one that needs most facts first."""


class Text(NamedTuple):
    """The words of one code. A repair for which facts are missing is left out; the first two are shown."""

    why: Ways
    repairs: tuple[Ways, ...]


class Explained(NamedTuple):
    """What a learner reads; a repair is code, some with a comment."""

    why: str
    repairs: list[str]


def explain(code: str | None, facts: Mapping[str, str], language: str | None = None) -> Explained | None:
    """The words for a code in `language`, or the one in use; None for a code that has none."""
    text = _table(language).TABLE.get(code) or _traps(language).TRAPS.get(code)
    if text is None:
        return None
    repairs = [said for ways in text.repairs if (said := _said(ways, facts)) is not None]
    return Explained(_said(text.why, facts) or "", repairs[:MOST_REPAIRS])


def live(facts: Mapping[str, str], language: str | None = None) -> str | None:
    """``a is (32, 400) float32 cpu, b is …``: the tensors and layers that stood on the line."""
    told = facts.get(LIVE)
    if not told:
        return None
    words = _table(language)
    pairs: list[Sequence[str]] = [line.split(": ", 1) for line in told.split("\n")]
    return str(words.COMMA).join(f"{name}{words.IS}{what}" for name, what in pairs)


def repair_labels(language: str | None = None) -> tuple[str, str]:
    """What stands before the first repair and before the others, equally wide."""
    first, other = _table(language).REPAIRS
    return first, other


def in_english(code: str | None, facts: Mapping[str, str]) -> str | None:
    """All of it, a line each, for JSON; None where there is nothing to say."""
    explained = explain(code, facts, "en")
    lines = [live(facts, "en")]
    if explained is not None:
        lines += [explained.why, *explained.repairs]
    return "\n".join(line for line in lines if line) or None


def _table(language: str | None) -> Any:
    """The module of the language: read only when something is to be explained."""
    return import_module(f"{__name__}.{language or locale.language()}")


def _traps(language: str | None) -> Any:
    return import_module(f"{__name__}.traps_{language or locale.language()}")


def _said(ways: Ways, facts: Mapping[str, str]) -> str | None:
    for way in (ways,) if isinstance(ways, str) else ways:
        said = _filled(way, facts)
        if said is not None:
            return said
    return None


def _filled(way: str, facts: Mapping[str, str]) -> str | None:
    """The text with its places filled; None where one would stay open."""
    parts = []
    for before, name, stand_in, _ in Formatter().parse(way):
        parts.append(before)
        if name is not None:
            fact = facts.get(name) or stand_in
            if not fact:
                return None
            parts.append(fact)
    return "".join(parts)
