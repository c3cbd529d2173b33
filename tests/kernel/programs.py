"""Random programs in which every node of a graph says itself which line made it.

``OP(x)`` becomes ``(x).sum().expand(2017)`` in line 17 of cell 2: the shape of the node is the truth that a reported
line is held against. Lambdas and comprehensions stand in the line that calls them, and generators make no such nodes:
theirs belong to whoever asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

CELL = 1_000  # more than a cell has lines

PRELUDE = """\
import asyncio, contextlib, functools
def wrapping(f):
    @functools.wraps(f)
    def inner(v):
        v = OP(v)
        v = f(v)
        return OP(v)
    return inner
@contextlib.contextmanager
def around(v):
    yield v * 1
def raises(v):
    v = OP(v)
    raise ValueError
deep = []
def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value
"""


class Program:
    """Writes cells that pass a tensor `v` through all that Python has."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.functions: list[str] = []  # of all cells so far
        self._cell = 0
        self._lines: list[str] = []
        self._left = 0  # statements that may still hold others
        self._number = 0

    def cell(self, cell: int) -> str:
        """The text of a cell."""
        self._cell, self._lines, self._left = cell, [], 7
        if cell == 1:
            for line in PRELUDE.splitlines():
                self._write(0, line)
        for _ in range(self.random.randint(2, 4)):
            self._statement(0)
        return "\n".join(self._lines)

    def _write(self, indent: int, text: str) -> None:
        tag = self._cell * CELL + len(self._lines) + 1
        while (at := text.find("OP(")) >= 0:
            end, depth = at + 3, 1
            while depth:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            text = f"{text[:at]}({text[at + 3 : end - 1]}).sum().expand({tag}){text[end:]}"
        self._lines.append("    " * indent + text)

    def _name(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}{self._number}"

    def _called(self) -> str:
        return self.random.choice(self.functions) if self.functions else ""

    def _value(self, depth: int = 0) -> str:
        kind = (
            "leaf" if depth > 1 else self.random.choice(["leaf", "leaf", "op", "call", "call", "list", "lambda", "sum"])
        )
        match kind:
            case "op":
                return f"OP({self._value(depth + 1)})"
            case "call":
                return f"{self._called()}({self._value(depth + 1)})"
            case "list":
                return f"sum([({self._value(depth + 1)}).sum() for _ in range({self.random.randint(1, 3)})])"
            case "lambda":
                return f"(lambda v: {self._value(depth + 1)})({self._value(depth + 1)})"
            case "sum":
                return f"(({self._value(depth + 1)}).sum() + ({self._value(depth + 1)}).sum())"
        return self.random.choice(["v", "OP(v)", "OP(v)"])

    def _block(self, indent: int) -> None:
        for _ in range(self.random.randint(1, 2)):
            self._statement(indent)

    def _statement(self, indent: int) -> None:
        self._left -= 1
        kinds = [self._bind]
        if indent < 4 and self._left > 0:
            kinds += [self._bind, self._for, self._while, self._if, self._try, self._with, self._function]
            kinds += [self._function, self._class, self._generator, self._coroutine, self._repeat]
        self.random.choice(kinds)(indent)

    def _bind(self, indent: int) -> None:
        self._write(indent, f"v = {self._value()}")

    def _for(self, indent: int) -> None:
        self._write(indent, f"for _ in range({self.random.choice([0, 1, 2, 5])}):")
        self._block(indent + 1)
        if self.random.random() < 0.3:
            self._write(indent + 1, self.random.choice(["break", "continue"]))
        if self.random.random() < 0.2:
            self._write(indent, "else:")
            self._block(indent + 1)

    def _while(self, indent: int) -> None:
        left = self._name("w")
        self._write(indent, f"{left} = {self.random.choice([0, 1, 2, 7])}")
        self._write(indent, f"while {left} and (v := {self._value()}) is not None:")
        self._write(indent + 1, f"{left} -= 1")
        self._block(indent + 1)

    def _if(self, indent: int) -> None:
        self._write(indent, f"if (v := {self._value()}) is {self.random.choice(['', 'not '])}None:")
        self._block(indent + 1)
        self._write(indent, "else:")
        self._block(indent + 1)

    def _try(self, indent: int) -> None:
        self._write(indent, "try:")
        self._block(indent + 1)
        self._write(indent + 1, self.random.choice(["raise ValueError", "1 / 0", "pass", "raises(v)"]))
        self._write(indent, "except Exception:")
        self._block(indent + 1)
        if self.random.random() < 0.5:
            self._write(indent, "finally:")
            self._block(indent + 1)

    def _with(self, indent: int) -> None:
        self._write(indent, "with around(v) as v:")
        self._block(indent + 1)

    def _function(self, indent: int) -> None:
        name = self._name("f")
        if decorator := self.random.choice(["", "", "@wrapping", "@functools.lru_cache"]):
            self._write(indent, decorator)
        self._write(indent, f"def {name}(v):")
        self._block(indent + 1)
        if self.random.random() < 0.3:
            self._write(indent + 1, "if len(deep) < 3:")
            self._write(indent + 2, f"deep.append(0); v = {name}(OP(v)); deep.pop()")
        self._write(indent + 1, f"return {self._value()}")
        self._write(indent, f"v = {name}(v)")
        if not indent:
            self.functions.append(name)

    def _class(self, indent: int) -> None:
        name = self._name("C")
        for line in (f"class {name}:", "    __mark__x = 1", "    class In:", "        def go(self, v):"):
            self._write(indent, line)
        self._block(indent + 3)
        self._write(indent + 3, f"return {self._value()}")
        self._write(indent + 1, "def __call__(self, v):")
        self._write(indent + 2, "self.__v = OP(v)")
        self._block(indent + 2)
        self._write(indent + 2, "return OP(self.__v)")
        self._write(indent, f"v = {name}()({name}.In().go(v))")
        if not indent:
            self.functions.append(f"{name}()")

    def _generator(self, indent: int) -> None:
        name = self._name("g")
        self._write(indent, f"def {name}(v):")
        self._write(indent + 1, f"for _ in range({self.random.randint(1, 4)}):")
        self._write(indent + 2, f"v = {self._called()}(v)")
        self._write(indent + 2, "yield v")
        self._write(indent, f"for v in {name}(v):")
        self._block(indent + 1)

    def _coroutine(self, indent: int) -> None:
        name = self._name("a")
        self._write(indent, f"async def {name}(v):")
        self._write(indent + 1, f"v = {self._called()}(v)")
        self._write(indent + 1, "await asyncio.sleep(0)")
        self._write(indent + 1, "return v * 1")
        self._write(indent, f"v = run({name}(v))")

    def _repeat(self, indent: int) -> None:
        """Until it is hot, where the test lets it be."""
        called = self._called()
        self._write(indent, f"[{called}(v) for _ in range({self.random.choice([3, 8])})]")
        self._write(indent, f"v = {called}(OP(v))")
