"""Where something was raised or warned of: the statement, what stands there by name, the library's frames below it.

All of it is read where Python keeps it: nothing of the learner's runs, and nothing is kept.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ptlearn_tui.introspect.attributes import follow
from ptlearn_tui.introspect.values import dtype_of, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

MOST = 8  # names
LENGTH = 60  # characters of a name, and of what a layer says of itself

_RAISES_NOTHING = (ast.Pass, ast.Break, ast.Continue)  # beside the head of a loop it is the head that has raised


class Named(NamedTuple):
    """A tensor or a layer, and the name that leads to it: ``self.fc1``."""

    name: str
    value: Any


@dataclass(frozen=True)
class Scene:
    """One error or warning, with what can be read around it; of text that could not be parsed only itself."""

    raised: BaseException
    statement: ast.stmt | None = None
    namespaces: Sequence[Mapping[str, Any]] = ()  # the frame's locals, then its globals
    below: Sequence[FrameType] = ()  # of libraries, the innermost last

    @cached_property
    def names(self) -> list[tuple[str, ...]]:
        """The dotted names that are read in the statement, in the order of the text."""
        return _names(self.statement) if self.statement is not None else []

    @cached_property
    def named(self) -> list[Named]:
        """The tensors and the layers of torch.nn that these lead to, each once."""
        found: dict[str, Any] = {}
        for dotted in self.names:
            values = follow(self.namespaces, dotted)
            for length in range(len(values), 0, -1):  # of `self.fc1.forward` it is `self.fc1`
                if described(values[length - 1]) is None:
                    continue
                name = ".".join(dotted[:length])
                if len(name) <= LENGTH and len(found) < MOST:
                    found.setdefault(name, values[length - 1])
                break
        return [Named(name, value) for name, value in found.items()]

    @property
    def tensors(self) -> list[Named]:
        """Those that are tensors."""
        return [named for named in self.named if isinstance(named.value, torch.Tensor)]

    @cached_property
    def layer(self) -> Named | None:
        """The layer of torch.nn inside which it was, under the name that leads to it from the line, else its class."""
        for frame in reversed(self.below):
            module = frame.f_locals.get("self")
            if isinstance(module, torch.nn.Module) and _is_torchs(module):
                return Named(self._path(module) or type(module).__name__, module)
        return None

    @property
    def given(self) -> torch.Tensor | None:
        """What that layer, or a function of torch's, was given."""
        value = self.local("input")
        return value if isinstance(value, torch.Tensor) else None

    def local(self, name: str) -> Any:
        """A local variable of the library's innermost frame that has it; else None."""
        return next((frame.f_locals[name] for frame in reversed(self.below) if name in frame.f_locals), None)

    def name_of(self, value: object) -> str | None:
        """The name on the line of this very object."""
        return next((named.name for named in self.named if named.value is value), None)

    def within(self, *modules: str) -> bool:
        """Whether it was inside one of these modules: ``torch.optim``."""
        return any(str(frame.f_globals.get("__name__", "")).startswith(modules) for frame in self.below)

    # ---- the statement's text ----------------------------------------------------------------------------------

    def call(self, *functions: str) -> ast.Call | None:
        """The first call of one of these on the line; of any function, where none is said."""
        for node in ast.walk(self.statement) if self.statement is not None else ():
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
                if not functions or name in functions:
                    return node
        return None

    def receiver(self, *methods: str) -> str | None:
        """What stands before the dot of a call of one of these: ``loss``, ``y.sum()``."""
        call = self.call(*methods)
        return text(call.func.value) if call is not None and isinstance(call.func, ast.Attribute) else None

    def _path(self, module: torch.nn.Module) -> str | None:
        rest: list[Named] = []
        for dotted in self.names:
            rest += map(Named, _prefixes(dotted), follow(self.namespaces, dotted))
        seen: set[int] = set()
        while rest:  # breadth first: the shortest name
            name, value = rest.pop(0)
            if value is module:
                return name if len(name) <= LENGTH else None
            if isinstance(value, torch.nn.Module) and id(value) not in seen and len(seen) < 10_000:
                seen.add(id(value))
                children = vars(value).get("_modules") or {}
                rest += [Named(name + (f"[{key}]" if key.isdigit() else f".{key}"), children[key]) for key in children]
        return None


def described(value: Any) -> str | None:
    """``(32, 400) float32 cpu``, ``Linear(in_features=400, …)``; None for what is neither tensor nor layer."""
    if isinstance(value, torch.Tensor):
        return f"{shape_text(shape_of(value))} {dtype_of(value)} {value.device}"
    if isinstance(value, torch.nn.Module) and _is_torchs(value) and not value._modules:
        said = value.extra_repr()
        return f"{type(value).__name__}({said})" if len(said) <= LENGTH else type(value).__name__
    return None


def shape_text(shape: Sequence[int]) -> str:
    """As Python writes it: ``(3,)``."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def text(node: ast.AST, longest: int = LENGTH) -> str | None:
    """Its code, where that is short enough to be part of a sentence."""
    code = ast.unparse(node)
    return code if len(code) <= longest and "\n" not in code else None


def statement_at(source: str, line: int) -> ast.stmt | None:
    """The innermost statement of a line. Raises SyntaxError."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line)
        if not isinstance(node, _RAISES_NOTHING)
    ]
    simple = [node for node in around if not hasattr(node, "body")]
    return (simple or around)[-1] if around else None


def _is_torchs(module: torch.nn.Module) -> bool:
    return type(module).__module__.startswith("torch.nn.")


def _prefixes(dotted: Sequence[str]) -> Iterator[str]:
    for length in range(1, len(dotted) + 1):
        yield ".".join(dotted[:length])


def _names(statement: ast.stmt) -> list[tuple[str, ...]]:
    inside: list[ast.AST] = [statement]
    if hasattr(statement, "body"):  # the head of a loop, an `if`, a `with`
        inside = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
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
