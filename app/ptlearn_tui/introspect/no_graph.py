"""Why a tensor has no graph: from the tensor itself, and from the statement that made it. Never a guess."""

from __future__ import annotations

import ast
from types import BuiltinFunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
import torch

from ptlearn_tui.events import NoGraph
from ptlearn_tui.introspect.attributes import MISSING, attribute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What comes out of these has no graph, whatever goes in: other numbers, no tensor, or a tensor that was let go.
_CUTS = {
    *("detach", "data", "grad", "item", "tolist", "numpy", "shape", "size", "numel", "ndim", "dim", "dtype", "device"),
    *("argmax", "argmin", "argsort", "nonzero", "searchsorted", "bincount", "multinomial", "long", "int", "bool"),
    *("eq", "ne", "gt", "ge", "lt", "le", "isnan", "isinf", "isfinite", "isclose", "allclose", "equal", "all", "any"),
    *("logical_and", "logical_or", "logical_not", "is_leaf", "requires_grad", "count_nonzero"),
    *("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "new_zeros", "new_ones"),
}
_BUILTINS = {"float", "int", "bool", "len", "str", "repr", "range", "isinstance", "type"}
_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_OFF = {torch.no_grad: "no_grad", torch.inference_mode: "inference_mode"}


TOLD = 3  # tensors of a cell


class Why(NamedTuple):
    """As `events.NoGraph` has it."""

    why: str
    because: list[str]


def why_no_graph(name: str, tensor: torch.Tensor, tree: ast.AST | None, namespace: Mapping[str, Any]) -> Why:
    """Why `tensor`, bound to `name` by the last statement in `tree` that does so, has no graph.

    `namespace` is as the cell has left it. What can't be told for sure is "unknown".
    """
    if tensor.requires_grad:
        return Why("leaf", [])
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return Why("dtype", [str(tensor.dtype).removeprefix("torch.")])
    if tensor.is_inference():
        return Why("inference_mode", [])
    found = _statement(name, tree) if tree is not None else None
    if tree is None or found is None:
        return Why("unknown", [])
    value, around = found
    rebound = {node.id for node in ast.walk(tree) if _binds(node) and node.lineno >= value.lineno}
    inputs = _Inputs(namespace, rebound - _own_names(value))
    inputs.visit(value)
    if inputs.sure and not inputs.gradient:
        return Why("no_input", inputs.plain)
    for block in around:
        for item in block.items:
            if (off := _turns_off(item.context_expr, namespace)) is not None:
                return Why(off, [])
    if inputs.sure and inputs.cut and not inputs.open:
        return Why("cut", inputs.cut)
    return Why("unknown", [])


def no_graphs(cell: int, source: str, bound_at: Mapping[str, int], namespace: Mapping[str, Any]) -> list[NoGraph]:
    """Why the tensors that a cell bound last have none: names and their lines are given, the newest told last."""
    tensors = {
        name: value
        for name in sorted(bound_at, key=lambda name: bound_at[name])
        if isinstance(value := namespace.get(name), torch.Tensor) and value.grad_fn is None
    }
    if not tensors:
        return []
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a cell that begins with %%time
        tree = None
    return [
        NoGraph(cell=cell, root=name, line=bound_at[name], **why_no_graph(name, tensor, tree, namespace)._asdict())
        for name, tensor in list(tensors.items())[-TOLD:]
    ]


def _binds(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _own_names(value: ast.expr) -> set[str]:
    """Those of its comprehensions."""
    return {node.id for node in ast.walk(value) if _binds(node)}


def _statement(name: str, tree: ast.AST) -> tuple[ast.expr, list[ast.With]] | None:
    """The last plain ``name = value`` outside of functions and classes, and the with blocks around it."""
    found = None
    for node, around in _statements(tree, []):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            names = {inner.id for inner in ast.walk(node) if _binds(inner)}
            if name in names and not isinstance(node, ast.With | ast.For | ast.While | ast.If | ast.Try):
                found = None  # bound in a way that is not looked into
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            found = value, around
        elif any(_binds(inner) and inner.id == name for target in targets for inner in ast.walk(target)):
            found = None
    return found


def _statements(tree: ast.AST, around: list[ast.With]) -> Iterator[tuple[ast.stmt, list[ast.With]]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.stmt):
            yield node, around
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            yield from _statements(node, [*around, node] if isinstance(node, ast.With) else around)


def _turns_off(context: ast.expr, namespace: Mapping[str, Any]) -> str | None:
    """Which of PyTorch's own modes a with block has opened, for sure."""
    if not isinstance(context, ast.Call) or context.keywords:
        return None
    called = _look_up(context.func, namespace)
    given = [argument.value for argument in context.args if isinstance(argument, ast.Constant)]
    if called is torch.set_grad_enabled:
        return "no_grad" if given == [False] else None
    return _OFF.get(called) if isinstance(called, type) and given in ([], [True]) and len(context.args) < 2 else None


def _look_up(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """A dotted name, without running anything of the learner's."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id, MISSING)
    if isinstance(node, ast.Attribute):
        owner = _look_up(node.value, namespace)
        return MISSING if owner is MISSING else attribute(owner, node.attr)
    return MISSING


class _Inputs(ast.NodeVisitor):
    """The tensors that an expression is made of, and what each of its paths goes through."""

    def __init__(self, namespace: Mapping[str, Any], rebound: set[str]) -> None:
        self.namespace = namespace
        self.rebound = rebound  # these names may mean something else by now
        self.sure = True  # everything is known that a gradient could come from
        self.gradient = False  # one of them requires grad …
        self.open = False  # … and is used without a cut
        self.plain: list[str] = []  # tensors that don't require grad
        self.cut: list[str] = []
        self._under: str | None = None

    def visit_Name(self, node: ast.Name) -> None:
        """A variable."""
        value = self.namespace.get(node.id, MISSING)
        if node.id in self.rebound or value is MISSING:
            self.sure = self.sure and node.id in _BUILTINS and value is MISSING
        elif isinstance(value, torch.Tensor):
            self._tensor(node.id, value.requires_grad)
        elif isinstance(value, torch.nn.Module) and type(value).__module__.startswith("torch."):
            self._tensor(node.id, any(parameter.requires_grad for parameter in value.parameters()))
        elif not _harmless(value):
            self.sure = False

    def _tensor(self, name: str, requires_grad: bool) -> None:
        if not requires_grad:
            self.plain += [name] if name not in self.plain else []
            return
        self.gradient = True
        if self._under is None:
            self.open = True
        elif self._under not in self.cut:
            self.cut.append(self._under)

    def visit_Call(self, node: ast.Call) -> None:
        """``x.detach()``, ``torch.argmax(x)``, ``float(x)``, or any other."""
        under = None
        if isinstance(node.func, ast.Attribute) and node.func.attr in _CUTS:
            of_module = isinstance(_look_up(node.func.value, self.namespace), ModuleType)
            under = f"{ast.unparse(node.func)}()" if of_module else f".{node.func.attr}()"
        elif isinstance(node.func, ast.Name) and node.func.id in _BUILTINS and node.func.id not in self.namespace:
            under = f"{node.func.id}()"
        if any(word.arg == "requires_grad" for word in node.keywords):
            self.sure = False
        self._below(node, under)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """``x.data``."""
        self._below(node, f".{node.attr}" if node.attr in _CUTS else None)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Bools."""
        self._below(node, _SIGNS[type(node.ops[0])])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """It may do anything."""
        self.sure = False

    def _below(self, node: ast.AST, under: str | None) -> None:
        outer = self._under
        self._under = outer or under
        self.generic_visit(node)
        self._under = outer


def _harmless(value: object) -> bool:
    """No gradient comes from it: a number, a module of Python, a function of PyTorch's own."""
    if isinstance(value, bool | int | float | complex | str | bytes | torch.dtype | torch.device | torch.Size):
        return True
    if value is None or isinstance(value, ModuleType | np.ndarray):
        return True
    if isinstance(value, BuiltinFunctionType):
        return True
    return callable(value) and str(getattr(value, "__module__", None)).partition(".")[0] in ("torch", "numpy")
