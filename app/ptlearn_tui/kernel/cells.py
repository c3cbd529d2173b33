"""A cell's source, compiled: every top-level statement by itself, its insides marked."""

from __future__ import annotations
import __future__

import ast
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from ptlearn_tui.kernel.frames import filename
from ptlearn_tui.kernel.instrument import Instrument
from ptlearn_tui.kernel.places import UNKNOWN
from ptlearn_tui.kernel.syntax import stored_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptlearn_tui.kernel.marks import Marks

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CLOCKS = frozenset({"timeit", "benchmark", "__time__", "__timeit__"})


class Compiled(NamedTuple):
    """A top-level statement, ready to run."""

    line: int
    bare: bool  # an expression: its code gives its value, and has no mark of its own
    code: CodeType
    place: int  # what its nodes are said to be made by
    sites: range  # its own index, then those of the statements in it
    names: list[str]  # what it may bind


def compile_cell(cell: int, tree: ast.Module, flags: int, marks: Marks, *, measured: bool) -> list[Compiled]:
    """Compile all of a cell before any of it runs. Raises SyntaxError for what the parser let pass (``return``).

    `measured`: loops have no marks inside; functions have, for cells to come.
    """
    instrument = Instrument(marks, cell, measured)
    found = []
    for statement in tree.body:
        site = instrument.site(statement)
        code = _compile(cell, statement, [statement], flags)
        place = site
        bare = isinstance(statement, ast.Expr)
        block = hasattr(statement, "body") and not isinstance(statement, _DEFINITIONS)
        if not bare and not (measured and block):
            try:
                code = _compile(cell, statement, instrument.statement(statement, site), flags)
            except (SyntaxError, RecursionError):  # nested too deep for two more levels: it runs unmarked
                place = UNKNOWN
        found.append(
            Compiled(
                line=statement.lineno,
                bare=bare,
                code=code,
                place=place,
                sites=range(site, len(marks.sites)),
                names=stored_names(statement),
            )
        )
    return found


def plain_functions(cell: int, source: str, flags: int) -> Iterator[CodeType]:
    """The code of every function in a cell as the learner wrote it, without marks."""
    rest = [compile(source, filename(cell), "exec", flags, dont_inherit=True)]
    while rest:
        code = rest.pop()
        yield code
        rest += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def future_flags(tree: ast.Module, namespace: dict[str, Any]) -> int:
    """``from __future__`` holds from its statement on, in later cells too, as in one script."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for name in __future__.all_feature_names:
        if namespace.get(name) is getattr(__future__, name):
            flags |= getattr(__future__, name).compiler_flag
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                flags |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
    return flags


def _compile(cell: int, statement: ast.stmt, body: list[ast.stmt], flags: int) -> CodeType:
    bare = isinstance(statement, ast.Expr)
    tree = ast.Expression(statement.value) if isinstance(statement, ast.Expr) else ast.Module(body, [])
    code: CodeType = compile(tree, filename(cell), "eval" if bare else "exec", flags, dont_inherit=True)
    return code


def takes_time(tree: ast.Module) -> bool:
    """Whether the cell measures time with care: then nothing of ours may stand in what it measures."""
    return any(
        getattr(node, field, None) in _CLOCKS for node in ast.walk(tree) for field in ("id", "attr", "name", "module")
    )
