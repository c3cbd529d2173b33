"""What the tensors on a failing line were: `a is (32, 400) float32 cpu, b is (576, 120) float32 cpu`."""

from __future__ import annotations

import ast
import linecache
import re
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.introspect.attributes import follow
from ptlearn_tui.introspect.values import aside, dtype_of, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

MOST = 8  # names
LENGTH = 60  # characters of a name, and of what a layer says of itself

_KINDS = (RuntimeError, ValueError, IndexError, TypeError)
# PyTorch has no classes for these: its messages have to say it.
_ABOUT_TENSORS = re.compile(
    r"\b((?i:sizes?|shapes?|dim(ension)?s?|-?dimensional|[0-9]+D|broadcast\w*|channels?|elements?|batch_size|numel|"
    r"view|dtypes?|types?|scalars?|devices?|index|indices|out of (bounds|range)|value of Tensor|same number|length)|"
    r"(Float|Double|Half|BFloat16|Long|Int|Bool)(Tensor)?)\b"
)


def explanation(raised: BaseException, frame: FrameType, line: int) -> str | None:
    """The tensors and layers that stand by name on `line` of the frame that failed; None if it is not about them.

    Nothing of the learner's runs for it, and nothing is kept.
    """
    if not isinstance(raised, _KINDS):
        return None
    try:
        if _ABOUT_TENSORS.search(str(raised)) is None:
            return None
        source = "".join(linecache.getlines(frame.f_code.co_filename))
        with aside():
            return ", ".join(_told(source, line, frame)) or None
    except Exception:  # an explanation that fails must not stand in the way of the error
        return None


def _told(source: str, line: int, frame: FrameType) -> Iterator[str]:
    namespaces = [frame.f_locals, frame.f_globals]
    told: set[str] = set()
    for dotted in _names(source, line):
        values = follow(namespaces, dotted)
        for length in range(len(values), 0, -1):  # of `self.fc1.forward` it is `self.fc1`
            name, text = ".".join(dotted[:length]), _text(values[length - 1])
            if text is None:
                continue
            if name not in told and len(name) <= LENGTH:
                told.add(name)
                yield f"{name} is {text}"
            break
        if len(told) == MOST:
            return


def _text(value: Any) -> str | None:
    if isinstance(value, torch.Tensor):
        shape = ", ".join(str(size) for size in shape_of(value))
        comma = "," if value.dim() == 1 else ""
        return f"({shape}{comma}) {dtype_of(value)} {value.device}"
    kind = type(value)
    if isinstance(value, torch.nn.Module) and kind.__module__.startswith("torch.nn.") and not value._modules:
        said = value.extra_repr()
        return f"{kind.__name__}({said})" if len(said) <= LENGTH else kind.__name__
    return None


def _names(source: str, line: int) -> list[tuple[str, ...]]:
    """The dotted names that are read in the statement of a line, in the order of the text."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line)
    ]
    inside: list[ast.AST] = [node for node in around if not hasattr(node, "body")]
    if around and not inside:  # the head of a loop, an `if`, a `with`: the walk goes from the outside in
        inside = [child for child in ast.iter_child_nodes(around[-1]) if not isinstance(child, ast.stmt)]
    found: list[tuple[int, int, tuple[str, ...]]] = []
    while inside:
        node = inside.pop()
        dotted = _dotted(node)
        if dotted is None:
            inside += ast.iter_child_nodes(node)
        elif isinstance(node, ast.expr):
            found.append((node.lineno, node.col_offset, dotted))
    return [dotted for *_, dotted in sorted(found)]


def _dotted(node: ast.AST) -> tuple[str, ...] | None:
    match node:
        case ast.Name(id, ast.Load()):
            return (id,)
        case ast.Attribute(value, name):
            before = _dotted(value)
            return None if before is None else (*before, name)
    return None
