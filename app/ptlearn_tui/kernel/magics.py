"""The notebook magics that measure time, as plain Python: ``%%time``, ``%%timeit``, ``%time`` and ``%timeit``."""

from __future__ import annotations

import ast
import builtins
import os
import re
import statistics
import time
import timeit
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ptlearn_tui.kernel.frames import filename

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 7  # as in a notebook; one of them takes 0.2 s at least

_WHOLE = re.compile(r"%%(time|timeit)((?:[ \t].*)?)")
_LINE = re.compile(r"%(time|timeit)[ \t]+(.*\S.*)")
_OPTION = re.compile(r"\s*-([nr])\s*(\d+)(?=\s|$)")


class Translated(NamedTuple):
    """A cell's text as Python."""

    text: str
    timed: bool = False  # all of it, by ``%%time``
    repeated: bool = False  # something in it, by ``timeit``, many times


def translate(cell: int, source: str) -> Translated:
    """Calls in place of magics. Raises SyntaxError for what is neither Python nor one of ours."""
    head, *rest = source.split("\n")
    if not head.startswith("%%"):
        return _translate_lines(cell, source)
    magic = _WHOLE.fullmatch(head)
    if magic is None:
        raise _not_here(cell, source, 1)
    name, given = magic.groups()
    if name == "time":
        return Translated("\n".join([given.lstrip() or "#", *rest]), timed=True)
    body = "\n".join(["", *rest])  # its lines keep their numbers
    ast.parse(body, filename(cell))
    # As in a notebook: with a body, what stands beside the magic prepares it.
    return Translated(_call(given, body) if body.strip() else _call(given), repeated=True)


def _translate_lines(cell: int, source: str) -> Translated:
    """Only Python knows where a statement begins: whatever line it stumbles over may be a magic."""
    lines = source.split("\n")
    repeated = False
    while True:
        try:
            ast.parse("\n".join(lines), filename(cell))
            return Translated("\n".join(lines), repeated=repeated)
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not 0 <= at < len(lines) or not lines[at].lstrip().startswith(("%", "!")):
                raise
            magic = _LINE.fullmatch(lines[at])
            if magic is None:
                raise _not_here(cell, source, at + 1) from None
            name, given = magic.groups()
            lines[at] = _call(given) if name == "timeit" else f"__time__({given!r}, {at + 1})"
            repeated = repeated or name == "timeit"


def _call(given: str, body: str = "") -> str:
    """The call for ``%timeit -n 10 -r 3 statement``."""
    options = {}
    while option := _OPTION.match(given):
        options[option[1]] = int(option[2])
        given = given[option.end() :]
    given = given.strip() or "pass"
    statement, setup = (body, given) if body else (given, "pass")
    return f"__timeit__({statement!r}, {setup!r}, {options.get('n', 0)}, {options.get('r', ROUNDS)})"


def _not_here(cell: int, source: str, line: int) -> SyntaxError:
    text = source.split("\n")[line - 1]
    message = "notebook magics are not available here, apart from %time, %timeit, %%time and %%timeit"
    return SyntaxError(message, (filename(cell), line, 1, text))


@contextmanager
def magics(cell: int, namespace: dict[str, Any]) -> Iterator[None]:
    """While it lasts, the calls that `translate` has written find their functions."""

    def time_it(source: str, line: int) -> Any:
        tree = ast.increment_lineno(ast.parse(source, filename(cell)), line - 1)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        with timed():
            exec(compile(tree, filename(cell), "exec"), namespace)
            if isinstance(last, ast.Expr):
                return eval(compile(ast.Expression(last.value), filename(cell), "eval"), namespace)
        return None

    def repeat(statement: str, setup: str, loops: int, rounds: int) -> None:
        timer = timeit.Timer(statement, setup, globals=namespace)
        loops = loops or timer.autorange()[0]
        each = [seconds / loops for seconds in timer.repeat(rounds, loops)]
        mean, deviation = statistics.fmean(each), statistics.pstdev(each)
        runs = "1 run" if rounds == 1 else f"{rounds} runs"
        count = "1 loop" if loops == 1 else f"{loops:,} loops"
        print(f"{span(mean)} ± {span(deviation)} per loop (mean ± std. dev. of {runs}, {count} each)")  # noqa: T201

    calls = {"__time__": time_it, "__timeit__": repeat}
    vars(builtins).update(calls)
    try:
        yield
    finally:
        for name in calls:
            vars(builtins).pop(name, None)


@contextmanager
def timed() -> Iterator[None]:
    """Print what a piece of code took, as ``%%time`` does; nothing when it raises."""
    began, before = time.perf_counter(), os.times()
    yield
    wall, after = time.perf_counter() - began, os.times()
    user, system = after.user - before.user, after.system - before.system
    print(f"CPU times: user {span(user)}, sys: {span(system)}, total: {span(user + system)}")  # noqa: T201
    print(f"Wall time: {span(wall)}")  # noqa: T201


def span(seconds: float) -> str:
    """A time in the largest unit that gives at least 1, with three digits: ``1.25 ms``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
