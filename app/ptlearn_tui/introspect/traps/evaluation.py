"""Traps of evaluation: a network that still acts as in training, graphs that are built for nothing."""

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
from torch.utils.data import DataLoader

from ptlearn_tui.introspect.traps.steps import modal
from ptlearn_tui.introspect.traps.text import NO_GRAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from ptlearn_tui.introspect.traps.records import Say, Where
    from ptlearn_tui.introspect.traps.text import Text

WINDOWS = 200  # times that no_grad() is entered, while somebody looks
SEEN = 8  # of these with calls of modules
TURNS = 50  # of a loop that builds graphs for nothing
_EVALUATES = re.compile(
    r"(^|_)(val|valid|validat\w*|tests?|testing|eval\w*|acc|accuracy|correct|right|hits)($|_)", re.IGNORECASE
)


class Evaluation:
    """The rules for one text."""

    def __init__(self, text: Text, say: Say) -> None:
        self._text = text
        self._say = say

    @contextmanager
    def watching(self, alive: Callable[[], bool], where: Callable[[FrameType | None], Where]) -> Iterator[None]:
        """Look at what modules are called when the text enters ``no_grad()``."""
        if not NO_GRAD.search(self._text.source):
            yield
            return
        owner, file = get_ident(), self._text.file
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
            if frame.f_code.co_filename == self._text.file and self._is_evaluation(
                frame.f_lineno, frame.f_code.co_name
            ):
                self._say("eval-forgotten", where(frame), {"layer": modal(module)})
                return
            frame = frame.f_back

    def _is_evaluation(self, line: int, function: str) -> bool:
        blocks: list[ast.AST] = []
        for node in ast.walk(self._text.tree):
            match node:
                case ast.With(items=items) if node.lineno <= line <= (node.end_lineno or 0):
                    if any(NO_GRAD.search(ast.unparse(item)) for item in items):
                        blocks.append(node)
                case ast.FunctionDef(name=name) if name == function and node.lineno <= line <= (node.end_lineno or 0):
                    if any(NO_GRAD.search(ast.unparse(each)) for each in node.decorator_list):
                        blocks.append(node)
        return any(_scores(block) for block in blocks) and not any(
            ".backward" in ast.unparse(block) for block in blocks
        )

    def end(self, namespace: Mapping[str, Any], cell: int) -> None:
        """An accuracy loop without ``no_grad()``. Its outputs still have a graph when it has ended."""
        backwards = [
            n.lineno
            for n in ast.walk(self._text.tree)
            if isinstance(n, ast.Attribute) and n.attr in ("backward", "grad", "step")
        ]
        for loop in ast.walk(self._text.tree):
            if not isinstance(loop, ast.For) or any(line >= loop.lineno for line in backwards):
                continue
            above = list(self._text.around(loop))
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
