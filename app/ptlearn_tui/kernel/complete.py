"""The names that fit where the cursor stands, from the live namespace, without running anything."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.introspect.attributes import attribute, follow, names, own_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST = 50  # names

_DOTTED = re.compile(r"((?:[^\W\d]\w*\s*\.\s*)*)((?:[^\W\d]\w*)?)$")
_IMPORTED = re.compile(r"\s*from\s+([\w.]+)\s+import\b[^#;]*$")
_NOT_CODE = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |   (?P<long>\"{3}|'{3})(?:\\.|.)*?(?P<longend>(?P=long)|\Z)
    |   (?P<short>["'])(?:\\.|[^\\\n])*?(?P<shortend>(?P=short)|(?=\n)|\Z)""",
    re.VERBOSE | re.DOTALL,
)
# Attributes of a tensor that are tensors: what they would be is not asked (``.grad`` and ``.T`` may warn).
_TENSORS = frozenset({"T", "mT", "H", "mH", "data", "grad", "real", "imag"})


def complete(source: str, line: int, column: int, namespace: Mapping[str, Any]) -> list[str]:
    """At most `MOST` names that go on from the text before `line` (1-based) and `column` (0-based, characters).

    After ``a.b.`` the attributes of what that is now, its own before its class's; else names of the namespace, then
    builtins and keywords. Names with an underscore only where one has been typed. Only plain dotted names are looked
    up: after a call or an index, in strings and comments, there are none.
    """
    lines = source.split("\n")
    if not 1 <= line <= len(lines):
        return []
    before = lines[line - 1][: max(0, column)]
    found = _DOTTED.search(before)
    if found is None or not _is_code("\n".join([*lines[: line - 1], before])):
        return []
    dotted, typed = [part.strip() for part in found[1].split(".")][:-1], found[2]
    rest = before[: found.start()].rstrip()
    if rest.endswith(".") or (found.start() and before[found.start() - 1].isalnum()):  # `f().re`, `1.`, `1e`
        return []
    imported = _IMPORTED.match(before)
    if imported is not None:
        module = sys.modules.get(imported[1])
        return _fitting(typed, names(module)) if module is not None else []
    if dotted:
        value = _value(dotted, namespace)
        if value is None:
            return []
        own = set() if isinstance(value, type) else own_names(value)
        return _fitting(typed, own, names(value))
    return _fitting(typed, namespace, vars(builtins), keyword.kwlist)


def _value(dotted: list[str], namespace: Mapping[str, Any]) -> object:
    """What stands before the last dot, or None."""
    value, *_ = follow([namespace, vars(builtins)], dotted[:1]) or [None]
    for name in dotted[1:]:
        if isinstance(value, torch.Tensor) and name in _TENSORS:
            continue
        value = attribute(value, name)
    return value


def _fitting(typed: str, *groups: Iterable[str]) -> list[str]:
    """Each group in the order of the alphabet, names with two underscores last."""
    fitting: dict[str, None] = {}
    for group in groups:
        fits = [
            name
            for name in list(group)  # at once: a thread of the learner's may bind another
            if isinstance(name, str)
            and name.startswith(typed)
            and name.isidentifier()
            and (typed.startswith("_") or not name.startswith("_"))
        ]
        fitting.update(dict.fromkeys(sorted(fits, key=lambda name: (name.startswith("__"), name))))
    return list(fitting)[:MOST]


def _is_code(text: str) -> bool:
    """Whether the end of the text stands outside strings and comments, or in the braces of an f-string."""
    for found in _NOT_CODE.finditer(text):
        if found.end() < len(text):
            continue
        if found["comment"] is not None:
            return False
        if not (found["longend"] or found["shortend"]):
            prefix = re.search(r"[^\W\d_]*$", text[: found.start()])
            inside = found[0].replace("{{", "")
            return prefix is not None and "f" in prefix[0].lower() and inside.rfind("{") > inside.rfind("}")
    return True
