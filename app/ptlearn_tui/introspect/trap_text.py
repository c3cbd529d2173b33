"""Traps that the text shows beside what is alive: ``.data``, lists of modules, sums that keep graphs, evaluation."""

from __future__ import annotations

import ast
import re
import sys
from _thread import get_ident
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils.data import DataLoader, SequentialSampler, TensorDataset

from ptlearn_tui.introspect.trap_steps import modal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from ptlearn_tui.introspect.trap_records import Say, Where

WINDOWS = 200  # times that no_grad() is entered, while somebody looks
SEEN = 8  # of these with calls of modules
TURNS = 50  # of a loop that builds graphs for nothing
_NO_GRAD = re.compile(r"\b(no_grad|inference_mode|set_grad_enabled)\b")
_EVALUATES = re.compile(
    r"(^|_)(val|valid|validat\w*|tests?|testing|eval\w*|acc|accuracy|correct|right|hits)($|_)", re.IGNORECASE
)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


class Text:
    """The rules for one text."""

    def __init__(self, source: str, file: str, say: Say) -> None:
        self._source = source
        self._file = file
        self._say = say
        self._parsed: ast.Module | None = None
        self._parents: dict[ast.AST, ast.AST] = {}
        self._single = 0  # first batches with one label only

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; an empty one of a text that is not Python."""
        if self._parsed is None:
            try:
                self._parsed = ast.parse(self._source)
            except (SyntaxError, ValueError, RecursionError):
                self._parsed = ast.Module([], [])
            for node in ast.walk(self._parsed):
                for child in ast.iter_child_nodes(node):
                    self._parents[child] = node
        return self._parsed

    def _around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What it stands in, the innermost first."""
        while (above := self._parents.get(node)) is not None:
            yield above
            node = above

    # ---- at a backward() ---------------------------------------------------------------------------------------

    def in_loop(self, caller: FrameType, where: Where, calls: int) -> None:
        """backward() is called there for the (calls + 1)th time."""
        if caller.f_code.co_filename != self._file or calls not in (1, 2, 3):
            return
        names = caller.f_locals
        try:
            self._kept(names, caller.f_lineno, where, calls)
            self._labels(names, caller.f_lineno, where, calls)
        finally:
            if caller.f_code.co_flags & 1 and sys.version_info < (3, 13) and isinstance(names, dict):
                names.clear()

    def _loops_with_backward(self, line: int) -> Iterator[tuple[str, ast.AST]]:
        """The receiver of a backward() on that line, and each loop around it."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(name), attr="backward")) if node.lineno == line:
                    for above in self._around(node):
                        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
                            break
                        if isinstance(above, _LOOPS):
                            yield name, above

    def _kept(self, names: Mapping[str, Any], line: int, where: Where, calls: int) -> None:
        """``total += loss``: after two more turns the sum still holds each graph."""
        if calls < 2:
            return
        for loss, loop in self._loops_with_backward(line):
            fresh = {
                target.id
                for node in ast.walk(loop)
                if isinstance(node, ast.Assign) and not _mentions(node.value, _names(node.targets))
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(loop):
                total, added = _sum(node)
                if total is None or total in fresh or total == loss or added is None or not _plain(added, loss):
                    continue
                value = names.get(total)
                if isinstance(value, list):
                    value = value[-1] if len(value) > 1 else None
                if isinstance(value, torch.Tensor) and value.requires_grad and value.grad_fn is not None:
                    at = getattr(node, "lineno", line)
                    self._say("loss-keeps-graph", (where[0], at), {"total": total, "loss": loss})

    def _labels(self, names: Mapping[str, Any], line: int, where: Where, calls: int) -> None:
        """Batches in the order of the data, each with a single label."""
        for _, loop in self._loops_with_backward(line):
            if not isinstance(loop, ast.For):
                continue
            loader = next(
                (
                    v
                    for n in ast.walk(loop.iter)
                    if isinstance(n, ast.Name) and isinstance(v := names.get(n.id), DataLoader)
                ),
                None,
            )
            if loader is None or not isinstance(loader.sampler, SequentialSampler):
                return
            targets = [names.get(n.id) for n in ast.walk(loop.target) if isinstance(n, ast.Name)]
            labels = [v for v in targets if isinstance(v, torch.Tensor) and v.dtype is torch.int64 and v.dim() == 1]
            if not labels or labels[-1].numel() < 4 or bool((labels[-1] != labels[-1][0]).any()):
                self._single = 0
                return
            self._single += 1
            data = loader.dataset
            held = data.tensors[-1] if isinstance(data, TensorDataset) else getattr(data, "targets", None)
            every = torch.as_tensor(held) if isinstance(held, (list, torch.Tensor)) and len(held) else None
            if self._single == 3 and every is not None and bool((every != every[0]).any()):
                name = next(
                    (n.id for n in ast.walk(loop.iter) if isinstance(n, ast.Name) and names.get(n.id) is loader),
                    "loader",
                )
                self._say("unshuffled-labels", (where[0], loop.lineno), {"loader": name})
            return

    # ---- evaluation --------------------------------------------------------------------------------------------

    @contextmanager
    def watching(self, alive: Callable[[], bool], where: Callable[[FrameType | None], Where]) -> Iterator[None]:
        """Look at what modules are called when the text enters ``no_grad()``."""
        if not _NO_GRAD.search(self._source):
            yield
            return
        owner, file = get_ident(), self._file
        windows = seen = 0
        hook: Any = None
        originals = [(kind, kind.__enter__) for kind in (torch.no_grad, torch.inference_mode)]

        def leave() -> None:
            nonlocal hook
            if hook is not None:
                hook.remove()
                hook = None

        def called(module: nn.Module, args: Any) -> None:
            nonlocal seen
            if get_ident() != owner:
                return
            seen += 1
            try:
                if torch.is_grad_enabled() or seen > 64 * SEEN or not alive():
                    leave()
                elif module.training and modal(module):
                    leave()
                    self._evaluates(module, sys._getframe(1), where)
            except Exception:
                leave()

        def entering(original: Any) -> Any:
            def __enter__(self: Any) -> Any:
                nonlocal windows, hook
                result = original(self)
                if hook is None and windows < WINDOWS and get_ident() == owner:
                    frame: Any = sys._getframe(1)
                    if frame.f_code.co_filename.endswith("_contextlib.py") and frame.f_back is not None:
                        frame = frame.f_back
                    if frame.f_code.co_filename == file and alive():
                        windows += 1
                        hook = register_module_forward_pre_hook(called)
                return result

            return __enter__

        for kind, original in originals:
            kind.__enter__ = entering(original)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for kind, original in originals:
                kind.__enter__ = original  # type: ignore[method-assign]
            leave()

    def _evaluates(
        self, module: nn.Module, frame: FrameType | None, where: Callable[[FrameType | None], Where]
    ) -> None:
        """A module that acts as in training is called without gradients: does the text evaluate there?"""
        while frame is not None:
            if frame.f_code.co_filename == self._file and self._is_evaluation(frame.f_lineno, frame.f_code.co_name):
                self._say("eval-forgotten", where(frame), {"layer": modal(module)})
                return
            frame = frame.f_back

    def _is_evaluation(self, line: int, function: str) -> bool:
        blocks: list[ast.AST] = []
        for node in ast.walk(self.tree):
            match node:
                case ast.With(items=items) if node.lineno <= line <= (node.end_lineno or 0):
                    if any(_NO_GRAD.search(ast.unparse(item)) for item in items):
                        blocks.append(node)
                case ast.FunctionDef(name=name) if name == function and node.lineno <= line <= (node.end_lineno or 0):
                    if any(_NO_GRAD.search(ast.unparse(each)) for each in node.decorator_list):
                        blocks.append(node)
        return any(_scores(block) for block in blocks) and not any(
            ".backward" in ast.unparse(block) for block in blocks
        )

    # ---- at the end --------------------------------------------------------------------------------------------

    def end(self, namespace: Mapping[str, Any], bound: Mapping[str, int], cell: int) -> None:
        """What can be seen when all has run."""
        if ".data" in self._source:
            self._data(namespace, cell)
        for name, line in bound.items():
            value = namespace.get(name)
            if isinstance(value, nn.Module):
                self._lists(value, (cell, line), cell)
        if "for" in self._source and not self._source.isspace():
            self._graphs_for_nothing(namespace, cell)

    def _data(self, namespace: Mapping[str, Any], cell: int) -> None:
        for node in ast.walk(self.tree):
            if not (isinstance(node, ast.Attribute) and node.attr == "data"):
                continue
            if any(
                isinstance(above, ast.With) and _NO_GRAD.search(ast.unparse(above.items[0]))
                for above in self._around(node)
            ):
                continue
            value = _alive(node.value, namespace)
            if isinstance(value, torch.Tensor) and value.requires_grad:
                self._say("data-attribute", (cell, node.lineno), {"x": ast.unparse(node.value)})

    def _lists(self, module: nn.Module, where: Where, cell: int) -> None:
        registered = {id(each) for each in module.modules()}
        for inner in list(module.modules())[:500]:
            for name, value in vars(inner).items():
                if name.startswith("_") or not isinstance(value, (list, tuple)) or not 0 < len(value) < 1_000:
                    continue
                hidden = [each for each in value if isinstance(each, nn.Module) and id(each) not in registered]
                wanted = [each for each in hidden if any(p.requires_grad for p in each.parameters())]
                if len(hidden) == len(value) > 1 and wanted:
                    line = next(
                        (
                            n.lineno
                            for n in ast.walk(self.tree)
                            if isinstance(n, ast.Assign)
                            for t in n.targets
                            if isinstance(t, ast.Attribute) and t.attr == name
                        ),
                        None,
                    )
                    facts = {"name": name, "count": str(len(hidden))}
                    self._say("modules-in-list", (cell, line) if line is not None else where, facts)

    def _graphs_for_nothing(self, namespace: Mapping[str, Any], cell: int) -> None:
        """An accuracy loop without ``no_grad()``. Its outputs still have a graph when it has ended."""
        backwards = [
            n.lineno
            for n in ast.walk(self.tree)
            if isinstance(n, ast.Attribute) and n.attr in ("backward", "grad", "step")
        ]
        for loop in ast.walk(self.tree):
            if not isinstance(loop, ast.For) or any(line >= loop.lineno for line in backwards):
                continue
            above = list(self._around(loop))
            if any(not isinstance(each, (ast.Module, ast.If)) for each in above) or not _scores(loop):
                continue
            if _turns(loop.iter, namespace) <= TURNS:
                continue
            for node in ast.walk(loop):
                match node:
                    case ast.Assign(targets=[ast.Name(name)], value=ast.Call(func=ast.Name(net))):
                        value = namespace.get(name)
                        if (
                            isinstance(namespace.get(net), nn.Module)
                            and isinstance(value, torch.Tensor)
                            and value.requires_grad
                        ):
                            self._say("no-grad-forgotten", (cell, node.lineno), {"net": net, "output": name})


def _scores(block: ast.AST) -> bool:
    """Whether it reckons with labels, or is named so."""
    for node in ast.walk(block):
        match node:
            case ast.Attribute(attr="argmax" | "topk") | ast.Name(id="argmax"):
                return True
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.Attribute(attr=name) if _EVALUATES.search(name):
                if name != "eval":
                    return True
    return False


def _sum(node: ast.AST) -> tuple[str | None, ast.expr | None]:
    """``total += added``, ``total = total + added``, ``total.append(added)``."""
    match node:
        case ast.AugAssign(target=ast.Name(total), op=ast.Add(), value=added):
            return total, added
        case ast.Assign(targets=[ast.Name(total)], value=ast.BinOp(ast.Name(left), ast.Add(), added)) if total == left:
            return total, added
        case ast.Call(func=ast.Attribute(ast.Name(total), "append"), args=[added]):
            return total, added
    return None, None


def _plain(added: ast.expr, loss: str) -> bool:
    """The loss itself, or it times a number."""
    match added:
        case ast.Name(name):
            return name == loss
        case ast.BinOp(left, ast.Mult() | ast.Div(), right):
            return _plain(left, loss) or _plain(right, loss)
    return False


def _names(targets: list[ast.expr]) -> set[str]:
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _mentions(value: ast.expr, names: set[str]) -> bool:
    return any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(value))


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


def _turns(walked: ast.expr, namespace: Mapping[str, Any]) -> int:
    """How often a loop over it turns, as far as that can be told without running anything; else 0."""
    match walked:
        case ast.Call(func=ast.Name("range"), args=[ast.Constant(int(count))]):
            return count
        case ast.Call(func=ast.Name("enumerate" | "tqdm" | "zip"), args=[first, *_]):
            return _turns(first, namespace)
        case ast.Name(name):
            value = namespace.get(name)
            if isinstance(value, (list, tuple, torch.Tensor)) and not (
                isinstance(value, torch.Tensor) and not value.dim()
            ):
                return len(value)
            if isinstance(value, DataLoader) and hasattr(type(value.dataset), "__len__"):
                return len(value)
    return 0
