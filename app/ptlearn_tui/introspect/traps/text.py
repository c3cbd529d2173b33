"""The text that runs, as a tree, and the traps that it shows at its end: ``.data``, lists of modules."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

    from ptlearn_tui.introspect.traps.records import Say, Where

NO_GRAD = re.compile(r"\b(no_grad|inference_mode|set_grad_enabled)\b")
MODULES = 500  # of a network that are looked into
ITEMS = 1_000  # of a list that are


class Text:
    """One text, whose file name is `file`."""

    def __init__(self, source: str, file: str) -> None:
        self.source = source
        self.file = file
        self._parsed: ast.Module | None = None
        self._parents: dict[ast.AST, ast.AST] = {}

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; an empty one of a text that is not Python."""
        if self._parsed is None:
            try:
                self._parsed = ast.parse(self.source)
            except (SyntaxError, ValueError, RecursionError):
                self._parsed = ast.Module([], [])
            for node in ast.walk(self._parsed):
                for child in ast.iter_child_nodes(node):
                    self._parents[child] = node
        return self._parsed

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What it stands in, the innermost first."""
        while (above := self._parents.get(node)) is not None:
            yield above
            node = above


def look_at_end(text: Text, namespace: Mapping[str, Any], bound: Mapping[str, int], cell: int, say: Say) -> None:
    """What can be seen when all has run. `bound`: the names that it has bound -> lines."""
    if ".data" in text.source:
        _data(text, namespace, cell, say)
    for name, line in bound.items():
        value = namespace.get(name)
        if isinstance(value, nn.Module):
            _lists(text, value, (cell, line), say)


def _data(text: Text, namespace: Mapping[str, Any], cell: int, say: Say) -> None:
    for node in ast.walk(text.tree):
        match node:
            case ast.Attribute(value=holder, attr="data"):
                guarded = any(
                    isinstance(above, ast.With) and NO_GRAD.search(ast.unparse(above.items[0]))
                    for above in text.around(node)
                )
                value = _alive(holder, namespace)
                if not guarded and isinstance(value, torch.Tensor) and value.requires_grad:
                    say("data-attribute", (cell, node.lineno), {"x": ast.unparse(holder)})


def _lists(text: Text, module: nn.Module, where: Where, say: Say) -> None:
    """Modules that `nn.Module` does not see, since a plain list or tuple holds them."""
    registered = {id(each) for each in module.modules()}
    for inner in islice(module.modules(), MODULES):
        for name, value in vars(inner).items():
            if name.startswith("_") or not isinstance(value, (list, tuple)) or not 1 < len(value) < ITEMS:
                continue
            hidden = [each for each in value if isinstance(each, nn.Module) and id(each) not in registered]
            if len(hidden) == len(value) and any(p.requires_grad for each in hidden for p in each.parameters()):
                at = _assigned(text, name)
                facts = {"name": name, "count": str(len(hidden))}
                say("modules-in-list", where if at is None else (where[0], at), facts)


def _assigned(text: Text, attribute: str) -> int | None:
    """The line of ``self.attribute = …``."""
    for node in ast.walk(text.tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr == attribute:
                    return node.lineno
    return None


def _alive(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """What ``net.fc.weight`` stands for; nothing of the learner's runs for it."""
    match node:
        case ast.Name(name):
            return namespace.get(name)
        case ast.Attribute(value, attr):
            holder = _alive(value, namespace)
            if isinstance(holder, nn.Module):
                found = [vars(holder).get(part, {}) for part in ("_parameters", "_modules", "_buffers")]
                return next((part[attr] for part in found if attr in part), vars(holder).get(attr))
    return None


def release(frame: FrameType, names: Any) -> None:
    """Before Python 3.13, `f_locals` of a function keeps what it has found as long as the call lasts."""
    if sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED and isinstance(names, dict):
        names.clear()
