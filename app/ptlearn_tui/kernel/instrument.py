"""Write marks into a cell's syntax tree, so that every statement says that it ran, inside functions too.

    y = x + 2            y = x + 2
    return y.mean()      __mark__(7, y)
                         __value__ = y.mean()
                         __mark__(8, __value__)
                         return __value__

A statement's mark also says that the next one in its block begins; `__begin__` says so where no mark comes before.
In the tree the names are ``<mark>`` and ``<begin>``: no text can have them, so no class of the learner's can hide them.
Nodes that need no mark are shared with the original tree, never changed, so a loop can stand twice in the result:
marked, and as the learner wrote it, which goes on where the marked one became hot. Compiled functions see neither:
dynamo takes every call of a mark for None, and then the loop is the learner's own.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ptlearn_tui.kernel.marks import Marks, Site
from ptlearn_tui.kernel.places import UNKNOWN
from ptlearn_tui.kernel.syntax import binds, is_docstring, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VALUE = "__value__"  # holds a value on its way into an attribute, an item or a return

_UNMARKED = (ast.Pass, ast.Break, ast.Continue, ast.Raise, ast.Global, ast.Nonlocal)
_COMPILED_ELSEWHERE = ("jit", "vectorize", "triton")  # numba's decorators compile the bytecode they find


N = TypeVar("N", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a block stands."""

    kind: str  # "module", "class", "function" or "generator" (coroutines too)
    bound: dict[str, int] | None = None  # in a function with loops: name -> the statement that binds it


class Instrument:
    """Marks the statements of one cell."""

    def __init__(self, marks: Marks, cell: int, measured: bool = False) -> None:
        self._marks = marks
        self._cell = cell
        self._measured = measured  # what can't lose its marks later gets none

    def site(self, statement: ast.stmt, scope: Scope | None = None) -> int:
        """A new index for a statement."""
        module = scope is None or scope.kind == "module"
        names, valued = binds(statement)
        return self._marks.add(
            Site(
                self._cell,
                statement.lineno,
                statement.end_lineno or statement.lineno,
                names,
                valued,
                isinstance(statement, ast.Expr),
                module,
            )
        )

    def statement(self, statement: ast.stmt, site: int) -> list[ast.stmt]:
        """A top-level statement, marked; that it begins is the caller's to say."""
        return self._statement(statement, site, Scope("module"))[0]

    def _block(
        self, body: Sequence[ast.stmt], scope: Scope, follow: int, begun: bool = False
    ) -> tuple[list[ast.stmt], int]:
        """A block, and its first statement's index. `follow` begins after it; `begun`: its first is announced."""
        sites = [self.site(statement, scope) for statement in body]
        marked: list[ast.stmt] = []
        for index, (statement, site) in enumerate(zip(body, sites, strict=True)):
            self._marks.after[site] = sites[index + 1] if index + 1 < len(sites) else follow
            if not begun and scope.kind != "generator":
                place = UNKNOWN if isinstance(statement, ast.Break | ast.Continue) else site
                marked.append(_call_statement("begin", statement, _number(place, statement)))
            added, begun = self._statement(statement, site, scope)
            marked += added
        return marked, sites[0]

    def _statement(self, statement: ast.stmt, site: int, scope: Scope) -> tuple[list[ast.stmt], bool]:
        """The statement with its marks, and whether the last of them says that the next statement begins."""
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return [self._function(statement, site), self._mark(site, statement, scope)], True
            case ast.ClassDef():
                body, _ = self._block(statement.body, Scope("class"), UNKNOWN)
                return [
                    _with(statement, body=_keep_docstring(statement, body)),
                    self._mark(site, statement, scope),
                ], True
            case ast.For():
                return [self._for(statement, site, scope)], False
            case ast.While():
                return [self._while(statement, site, scope)], False
            case _ if isinstance(statement, _UNMARKED) or is_docstring(statement):
                return [statement], False
            case _ if any(True for _ in _blocks(statement)):
                return [self._compound(statement, site, scope)], False
        return self._simple(statement, site, scope), True

    def _simple(self, statement: ast.stmt, site: int, scope: Scope) -> list[ast.stmt]:
        names, valued = binds(statement)
        _binds_in(scope, names, site)
        match statement:
            case ast.Return(value=None):
                return [self._mark(site, statement, scope), statement]
            case ast.Return(value=ast.expr() as value):
                stored = ast.copy_location(ast.Assign([_name(VALUE, value, ast.Store())], value), statement)
                returned = ast.copy_location(ast.Return(_name(VALUE, value)), statement)
                return [stored, self._mark(site, statement, scope, _name(VALUE, value)), returned]
            case ast.Expr(value):
                return [self._mark(site, statement, scope, value)]
            case ast.Assign(targets, value) if not valued and scope.kind != "class":
                # An attribute or an item: reading it back could run the learner's code.
                self._marks.sites[site].valued = True
                self._marks.sites[site].names = (ast.unparse(targets[0]),)
                stored = ast.copy_location(
                    ast.Assign([_name(VALUE, statement, ast.Store()), *targets], value), statement
                )
                gone = ast.copy_location(ast.Delete([_name(VALUE, statement, ast.Del())]), statement)
                return [stored, self._mark(site, statement, scope, _name(VALUE, statement)), gone]
        return [statement, self._mark(site, statement, scope)]

    def _mark(self, site: int, at: ast.stmt, scope: Scope, value: ast.expr | None = None) -> ast.stmt:
        names, valued = binds(at)
        if value is None and valued:
            loads: list[ast.expr] = [_name(name, at) for name in names]
            value = loads[0] if len(loads) == 1 else ast.copy_location(ast.Tuple(loads, ast.Load()), at)
        name = "note" if scope.kind == "generator" else "mark"
        return _call_statement(name, at, _number(site, at), *([value] if value is not None else []))

    def _function(self, function: ast.FunctionDef | ast.AsyncFunctionDef, site: int) -> ast.stmt:
        decorators = " ".join(ast.unparse(decorator) for decorator in function.decorator_list)
        docstring, body = (
            function.body[: is_docstring(function.body[0])],
            function.body[is_docstring(function.body[0]) :],
        )
        if not body or any(word in decorators for word in _COMPILED_ELSEWHERE):
            return function
        if isinstance(function, ast.AsyncFunctionDef) or any(
            isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(function.body)
        ):
            if self._measured:
                return function
            marked, _ = self._block(body, Scope("generator"), UNKNOWN, begun=True)
            return _with(function, body=[*docstring, *marked])
        loops = any(isinstance(node, ast.For | ast.While) for node in own_nodes(body))
        bound: dict[str, int] | None = {} if loops else None
        before = len(self._marks.sites)
        marked, first = self._block(body, Scope("function", bound), UNKNOWN, begun=True)
        self._marks.sites[site].entry = first
        self._marks.bodies[first] = range(before, len(self._marks.sites))
        into = _call_statement("into", body[0], _number(first, body[0]))
        leave = _call("leave", body[-1])
        last: ast.stmt = ast.copy_location(ast.Expr(leave), body[-1])
        looks = [self._seen(name, binder, body[-1]) for name, binder in (bound or {}).items() if binder != UNKNOWN]
        if looks:
            last = ast.copy_location(ast.If(leave, looks, []), body[-1])
        guarded = ast.copy_location(ast.Try(marked, [], [], [last]), body[0])
        return _with(function, body=[*docstring, into, guarded])

    def _seen(self, name: str, site: int, at: ast.stmt) -> ast.stmt:
        """Look at a name that a loop bound, if it did."""
        look = _call_statement("seen", at, _number(site, at), _name(name, at))
        unbound = ast.copy_location(
            ast.ExceptHandler(_name("NameError", at), None, [ast.copy_location(ast.Pass(), at)]), at
        )
        return ast.copy_location(ast.Try([look], [unbound], [], []), at)

    def _for(self, loop: ast.For, site: int, scope: Scope) -> ast.stmt:
        """
        for x in items:          while 1:
            body                     for x in __again__(7) or (__loop__(7, items, 8) if __begin__(7) else items):
        else:                            marked body
            orelse                   else:
                                         for x in __rest__(7) or ():
                                             body
                                         else:
                                             if __more__(7): continue
                                             marked orelse
                                     __over__(7)
                                     break
        """
        _binds_in(scope, binds(loop)[0], site)
        announced = scope.kind != "generator"
        before = len(self._marks.sites)
        body, first = self._block(loop.body, scope, site, begun=announced)
        orelse = self._block(loop.orelse, scope, UNKNOWN)[0] if loop.orelse else []
        self._marks.bodies[site] = range(before, len(self._marks.sites))
        if not announced:
            return _with(loop, body=body, orelse=orelse)
        number = _number(site, loop)
        splits = _can_stand_twice(loop)
        begun = _call("loop" if splits else "each", loop, number, loop.iter, _number(first, loop))
        begun_or_own = ast.copy_location(ast.IfExp(_call("begin", loop, number), begun, loop.iter), loop.iter)
        if not splits:
            return _with(loop, iter=begun_or_own, body=body, orelse=orelse)
        items = ast.copy_location(ast.BoolOp(ast.Or(), [_call("again", loop, number), begun_or_own]), loop.iter)
        left = ast.copy_location(
            ast.BoolOp(ast.Or(), [_call("rest", loop, number), ast.copy_location(ast.Tuple([], ast.Load()), loop)]),
            loop,
        )
        go_on = ast.copy_location(
            ast.If(_call("more", loop, number), [ast.copy_location(ast.Continue(), loop)], []), loop
        )
        marked = _with(loop, iter=items, body=body, orelse=[_with(loop, iter=left, orelse=[go_on, *orelse])])
        over = [_call_statement("over", loop, number), ast.copy_location(ast.Break(), loop)]
        return ast.copy_location(ast.While(_number(1, loop), [marked, *over], []), loop)

    def _while(self, loop: ast.While, site: int, scope: Scope) -> ast.stmt:
        before = len(self._marks.sites)
        body, _ = self._block(loop.body, scope, site)
        orelse = self._block(loop.orelse, scope, UNKNOWN)[0] if loop.orelse else []
        self._marks.bodies[site] = range(before, len(self._marks.sites))
        if scope.kind == "generator":
            return _with(loop, body=body, orelse=orelse)
        number = _number(site, loop)
        if not _can_stand_twice(loop):
            begun = ast.copy_location(ast.BoolOp(ast.Or(), [_call("begin", loop, number), _number(1, loop)]), loop)
            test = ast.copy_location(ast.BoolOp(ast.And(), [begun, loop.test]), loop.test)
            return _with(loop, test=test, body=body, orelse=orelse)
        cool = ast.copy_location(ast.UnaryOp(ast.Not(), _call("turn", loop, number)), loop)
        test = ast.copy_location(ast.BoolOp(ast.And(), [cool, loop.test]), loop.test)
        # The test must not be asked again once it has said no: the unmarked loop runs only where the marks gave up.
        unmarked = ast.copy_location(ast.If(_call("rested", loop, number), [_with(loop, orelse=orelse)], orelse), loop)
        return _with(loop, test=test, body=body, orelse=[unmarked])

    def _compound(self, statement: ast.stmt, site: int, scope: Scope) -> ast.stmt:
        """if, with, try, match and what later Pythons add: every block in it."""
        changed: dict[str, Any] = {}
        for field, value in ast.iter_fields(statement):
            if not isinstance(value, list) or not value:
                continue
            if isinstance(value[0], ast.stmt):
                changed[field] = self._block(value, scope, UNKNOWN)[0]
            elif isinstance(value[0], ast.excepthandler | ast.match_case):
                changed[field] = [_with(part, body=self._block(part.body, scope, UNKNOWN)[0]) for part in value]
        if isinstance(statement, ast.With | ast.AsyncWith) and scope.kind != "generator":
            end = _call_statement("begin", statement.body[-1], _number(UNKNOWN, statement.body[-1]))
            changed["body"] = [*changed["body"], end]  # what its __exit__ makes is not made by what ended last
        if binds(statement)[1] and isinstance(statement, ast.With):
            changed["body"] = [self._mark(site, statement, scope), *changed["body"]]
        return _with(statement, **changed)


def _binds_in(scope: Scope, names: tuple[str, ...], site: int) -> None:
    """Note who binds a name in a function: only where it is one statement, the last value is surely its."""
    if scope.bound is not None:
        for name in names:
            scope.bound[name] = UNKNOWN if name in scope.bound or len(names) > 1 else site


def _can_stand_twice(loop: ast.For | ast.While) -> bool:
    """``global x`` may not stand behind a use of x, which a second copy would make it do.

    ``break`` in an ``else`` means the loop around this one, not the one that we put there. And a function that is
    made where no marks are never has any: what it makes would pass for its callers'.
    """
    once = (ast.Global, ast.Nonlocal, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return not any(isinstance(node, once) for node in own_nodes(loop.body)) and not any(
        isinstance(node, ast.Break | ast.Continue) for node in own_nodes(loop.orelse)
    )


def _keep_docstring(statement: ast.ClassDef, body: list[ast.stmt]) -> list[ast.stmt]:
    if is_docstring(statement.body[0]):
        return [statement.body[0], *(part for part in body if part is not statement.body[0])]
    return body


def _blocks(statement: ast.stmt) -> Iterator[list[ast.AST]]:
    for _, value in ast.iter_fields(statement):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt | ast.excepthandler | ast.match_case):
            yield value


# ---- making nodes, each with a place in the source: tracebacks show it, and compile() wants it ------------------


def _with(node: N, **fields: object) -> N:
    """A copy with other fields; the original is the learner's, and may stand in the result as it is."""
    same = dict(ast.iter_fields(node))
    return ast.copy_location(type(node)(**{**same, **fields}), node)


def _name(name: str, at: ast.AST, context: ast.expr_context | None = None) -> ast.Name:
    return ast.copy_location(ast.Name(name, context or ast.Load()), at)


def _number(value: int, at: ast.AST) -> ast.Constant:
    return ast.copy_location(ast.Constant(value), at)


def _call(name: str, at: ast.AST, *arguments: ast.expr) -> ast.Call:
    return ast.copy_location(ast.Call(_name(f"<{name}>", at), list(arguments), []), at)


def _call_statement(name: str, at: ast.AST, *arguments: ast.expr) -> ast.stmt:
    return ast.copy_location(ast.Expr(_call(name, at, *arguments)), at)
