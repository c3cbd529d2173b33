"""An answer to an exercise -> the checks that hold, and the smallest input of the first that does not."""

from __future__ import annotations

import ast
import importlib.util
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ptlearn_lessons.checking import Answer, Mismatch, Missing
from ptlearn_tui.events import Check, Done, Failing, Shown
from ptlearn_tui.introspect.values import bounded_repr
from ptlearn_tui.kernel import tracebacks
from ptlearn_tui.kernel.frames import filename, remember_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.kernel.execute import Emit
    from ptlearn_tui.kernel.requests import Examine

REPR = 600  # characters of a value


def examine(request: Examine, namespace: dict[str, Any], emit: Emit) -> None:
    """Run the answer unmarked, as a script, then each check, up to the first that fails. Done is always the last."""
    began = time.perf_counter()
    ok = interrupted = False
    try:
        remember_source(request.cell, request.source)
        tree = ast.parse(request.source, filename(request.cell))
        namespace.setdefault("__name__", "__main__")
        exec(compile(tree, filename(request.cell), "exec"), namespace)
        checks = load(Path(request.checks))
        answer = Answer(namespace)
        ok = all(_hold(each, answer, request, emit) for each in checks)
    except KeyboardInterrupt:
        interrupted = True
    except BaseException as raised:
        emit(tracebacks.error(request.cell, raised))
    seconds = time.perf_counter() - began
    emit(Done(cell=request.cell, ok=ok, seconds=seconds, interrupted=interrupted))


def load(path: Path) -> tuple[Callable[[Answer], object], ...]:
    """The functions of a `check.py`, in order."""
    spec = importlib.util.spec_from_file_location("check", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(module.CHECKS)


def _hold(check: Callable[[Answer], object], answer: Answer, request: Examine, emit: Emit) -> bool:
    name = check.__name__
    torch.manual_seed(request.seed)
    random.seed(request.seed)
    try:
        check(answer)
    except Mismatch as wrong:
        inputs = [_shown(value, named) for named, value in wrong.inputs.items()]
        failing = Failing(
            cell=request.cell,
            name=name,
            says=wrong.says or name,
            inputs=inputs,
            expected=_shown(wrong.expected),
            got=_shown(wrong.got),
        )
    except Missing as missing:
        failing = Failing(cell=request.cell, name=name, says="missing", expected=Shown(text=str(missing)))
    except Exception as raised:
        emit(tracebacks.error(request.cell, raised))
        failing = Failing(cell=request.cell, name=name, says="raises")
    else:
        emit(Check(cell=request.cell, name=name, ok=True))
        return True
    emit(Check(cell=request.cell, name=name, ok=False), failing)
    return False


def _shown(value: object, name: str = "") -> Shown:
    try:
        text = bounded_repr(value, REPR)
    except Exception as error:  # a learner's own class
        text = f"<{type(value).__name__}: its repr raises {type(error).__name__}>"
    if isinstance(value, torch.Tensor):
        return Shown(text=text, name=name, shape=list(value.shape), dtype=str(value.dtype).removeprefix("torch."))
    return Shown(text=text, name=name)
