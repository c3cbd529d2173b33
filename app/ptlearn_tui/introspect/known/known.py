"""What one known error is, and how facts are read that several of them want."""

from __future__ import annotations

import ast
import copy
import difflib
import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ptlearn_tui.introspect.scene import shape_text, text
from ptlearn_tui.introspect.values import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import torch

    from ptlearn_tui.introspect.scene import Named, Scene

Facts: TypeAlias = dict[str, str]
Maybe: TypeAlias = dict[str, str | None]

# PyTorch changes the class of an error more readily than its sense.
TORCHS = (RuntimeError, ValueError, IndexError, TypeError, AssertionError, NotImplementedError)

SIZES = r"(?:torch\.Size\()?\[(?P<{}>[\d, ]*)\]\)?"  # a shape in a message, in either form: SIZES.format("name")


class Known(NamedTuple):
    """An error or a warning: found by its class and words; named groups in these are facts.

    `facts` reads more, and answers None if it is not this error after all.
    """

    code: str
    patterns: tuple[str, ...]  # any of them, anywhere in the message, in any case
    facts: Callable[[Scene, re.Match[str]], Maybe | None] | None = None
    kinds: tuple[type[BaseException], ...] = TORCHS


def compiled(known: Known) -> list[re.Pattern[str]]:
    """Its patterns."""
    return [re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in known.patterns]


def shape(value: torch.Tensor | None) -> str | None:
    """``(32, 400)``."""
    return None if value is None else shape_text(shape_of(value))


def sizes(said: str | None) -> list[int]:
    """The numbers of a shape in a message."""
    return [int(size) for size in re.findall(r"-?\d+", said or "")]


def first(named: Iterable[Named], fits: Callable[[torch.Tensor], bool]) -> Named | None:
    """The first tensor that fits."""
    return next((one for one in named if fits(one.value)), None)


def pair(named: Sequence[Named], fit: Callable[[torch.Tensor, torch.Tensor], bool]) -> tuple[Named, Named] | None:
    """The first two tensors that fit together, in the order of the text."""
    return next(((a, b) for at, a in enumerate(named) for b in named[at + 1 :] if fit(a.value, b.value)), None)


def operand(scene: Scene, *methods: str) -> str | None:
    """The tensor that it is about: what stands before the method, or the only one on the line."""
    before = scene.receiver(*methods) if methods else None
    if before is not None and before not in ("torch", "F", "nn.functional", "torch.nn.functional"):
        return before
    return scene.tensors[0].name if len(scene.tensors) == 1 else None


def live(scene: Scene, name: str | None) -> torch.Tensor | None:
    """The tensor of that name on the line."""
    return next((named.value for named in scene.tensors if named.name == name), None)


def arguments(call: ast.Call | None) -> str | None:
    """What stands between its brackets."""
    if call is None:
        return None
    parts = [ast.unparse(part) for part in call.args]
    parts += [
        f"{word.arg}={ast.unparse(word.value)}" if word.arg else f"**{ast.unparse(word.value)}"
        for word in call.keywords
    ]
    return ", ".join(parts)


def first_argument(call: ast.Call | None) -> str | None:
    """The code of the first thing between its brackets."""
    if call is None:
        return None
    values = [*call.args, *(word.value for word in call.keywords)]
    return ast.unparse(values[0]) if values else None


def with_keyword(call: ast.Call | None, name: str, value: str) -> str | None:
    """The call's code with this keyword, in place of one that it has."""
    if call is None:
        return None
    changed = copy.deepcopy(call)
    keyword = ast.keyword(name, ast.parse(value, mode="eval").body)
    changed.keywords = [*(word for word in changed.keywords if word.arg != name), keyword]
    return text(changed, 80)


def close(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    lower = {other.lower(): other for other in sorted(names, reverse=True)}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.7)
    return lower[found[0]] if found and lower[found[0]] != name else None


_DTYPES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "bfloat16": "bfloat16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "char": "int8",
    "byte": "uint8",
    "bool": "bool",
    "complexfloat": "complex64",
    "complexdouble": "complex128",
}


def dtype_named(said: str | None) -> str | None:
    """PyTorch's C++ name of a dtype in Python's: ``Double``, ``torch.cuda.DoubleTensor`` → ``float64``."""
    word = (said or "").rpartition(".")[2].removesuffix("Tensor").lower()
    return _DTYPES.get(word, word or None)
