"""Traps of a training loop that its text shows beside what is alive: sums that keep graphs, labels in order."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader, SequentialSampler, TensorDataset

from ptlearn_tui.introspect.traps.text import release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

    from ptlearn_tui.introspect.traps.records import Say, Where
    from ptlearn_tui.introspect.traps.text import Text

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


class Loops:
    """The rules for the loops of one text."""

    def __init__(self, text: Text, say: Say) -> None:
        self._text = text
        self._say = say
        self._single = 0  # first batches with one label only

    def turn(self, caller: FrameType, where: Where, calls: int) -> None:
        """backward() is called there for the (calls + 1)th time."""
        if caller.f_code.co_filename != self._text.file or calls not in (1, 2, 3):
            return
        names = caller.f_locals
        try:
            self._kept(names, caller.f_lineno, where, calls)
            self._labels(names, caller.f_lineno, where, calls)
        finally:
            release(caller, names)

    def _loops_with_backward(self, line: int) -> Iterator[tuple[str, ast.AST]]:
        """The receiver of a backward() on that line, and each loop around it."""
        for node in ast.walk(self._text.tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(name), attr="backward")) if node.lineno == line:
                    for above in self._text.around(node):
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
