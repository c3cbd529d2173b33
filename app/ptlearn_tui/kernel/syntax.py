"""What a cell's syntax tree says: which names a statement binds, and where ``backward`` is called on what."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def binds(statement: ast.stmt) -> tuple[tuple[str, ...], bool]:
    """The names that a statement binds, as its line shows them, and whether its value can be had."""
    match statement:
        case ast.Assign(targets):
            for target in targets:
                if isinstance(target, ast.Name):
                    return (target.id,), True
            return _names(targets[0])
        case ast.AnnAssign(target=ast.Name(id), value=ast.expr()) | ast.AugAssign(target=ast.Name(id)):
            return (id,), True
        case ast.For(target):
            return _names(target)
        case ast.With(items):
            for item in items:
                if isinstance(item.optional_vars, ast.Name):
                    return (item.optional_vars.id,), True
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            return (name,), True
        case ast.Expr() | ast.Return(value=ast.expr()):
            return (), True
    return (), False


def _names(target: ast.expr) -> tuple[tuple[str, ...], bool]:
    if isinstance(target, ast.Name):
        return (target.id,), True
    if isinstance(target, ast.Tuple | ast.List):
        names = tuple(item.id for item in target.elts if isinstance(item, ast.Name))
        return names, len(names) == len(target.elts)
    return (), False


def stored_names(statement: ast.stmt) -> list[str]:
    """The names that a statement binds in its own scope, in the order of the text, loops' and branches' included."""
    found: dict[str, None] = {}
    for node in own_nodes([statement]):
        match node:
            case ast.Name(id, ast.Store()) | ast.MatchAs(name=str(id)) | ast.MatchStar(name=str(id)):
                found[id] = None
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                found[name] = None
            case ast.alias(name, asname):
                found[asname or name.partition(".")[0]] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class BackwardCall:
    """``receiver.backward(argument)``: which of them is the root shows only when it runs."""

    receiver: str
    argument: str | None  # only if it is a plain name


def backward_calls(tree: ast.AST, cell: int) -> dict[tuple[int, int], BackwardCall]:
    """The calls of ``backward`` in a cell, by (cell, line), for every line that they stretch over."""
    found: dict[tuple[int, int], BackwardCall] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Name("backward"), [receiver, *arguments]):
                pass
            case ast.Call(ast.Attribute(library, "backward"), [receiver, *arguments]) if ast.unparse(library) in (
                "torch.autograd",
                "autograd",
            ):
                pass
            case ast.Call(ast.Attribute(receiver, "backward"), arguments):
                pass
            case _:
                continue
        # GradScaler: scaler.scale(loss).backward()
        if isinstance(receiver, ast.Call) and ast.unparse(receiver.func).endswith(".scale") and receiver.args:
            receiver = receiver.args[0]
        argument = arguments[0].id if arguments and isinstance(arguments[0], ast.Name) else None
        call = BackwardCall(ast.unparse(receiver), argument)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            found.setdefault((cell, line), call)
    return found


def own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes below, without those of nested functions, classes and comprehensions (but with these themselves)."""
    rest = list(reversed(body))
    while rest:
        node = rest.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
            rest += reversed(list(ast.iter_child_nodes(node)))


def is_docstring(statement: ast.stmt) -> bool:
    """Whether it is a bare constant: nothing to mark, and first in a body its docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
