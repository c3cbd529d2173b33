"""An error or a warning as far as it is known: its code, its facts, the tensors and layers that stood on its line."""

from __future__ import annotations

import ast
import linecache
import re
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui.introspect.errors import recognise
from ptlearn_tui.introspect.scene import Named, Scene, described, statement_at
from ptlearn_tui.introspect.values import aside
from ptlearn_tui.locale.explained import LIVE

if TYPE_CHECKING:
    from types import FrameType, TracebackType

_KINDS = (RuntimeError, ValueError, IndexError, TypeError)
# PyTorch has no classes for these: its messages have to say it.
_ABOUT_TENSORS = re.compile(
    r"\b((?i:sizes?|shapes?|dim(ension)?s?|-?dimensional|[0-9]+D|broadcast\w*|channels?|elements?|batch_size|numel|"
    r"view|dtypes?|types?|scalars?|devices?|index|indices|out of (bounds|range)|value of Tensor|same number|length)|"
    r"(Float|Double|Half|BFloat16|Long|Int|Bool)(Tensor)?)\b"
)


class Told(NamedTuple):
    """The code, None for what is not known, and the facts for its texts; the live tensors are one of these."""

    code: str | None
    facts: dict[str, str]


def told(raised: BaseException, frame: FrameType | None, line: int | None) -> Told:
    """What can be told of an exception whose innermost frame of a cell is `frame`; None: its text was not parsed.

    Nothing of the learner's runs for it, and nothing is kept. Where there is no memory, no tensor is looked at.
    """
    try:
        with aside():
            scene = _scene(raised, frame, line, _below(raised.__traceback__, frame))
            if isinstance(scene.statement, ast.Raise | ast.Assert) and not scene.below:
                known = None  # the learner's own words
            else:
                known = recognise(scene)
            code, facts = known or (None, {})
            if isinstance(raised, _KINDS) and (known or _ABOUT_TENSORS.search(str(raised))):
                facts |= _live(scene)
            return Told(code, facts)
    except Exception:  # an explanation that fails must not stand in the way of the error
        return Told(None, {})


def told_of_warning(warning: Warning, frame: FrameType, line: int, below: list[FrameType]) -> Told:
    """The same of a warning that was given at a line, in `below` it."""
    try:
        with aside():
            return Told(*(recognise(_scene(warning, frame, line, below)) or (None, {})))
    except Exception:
        return Told(None, {})


def _scene(raised: BaseException, frame: FrameType | None, line: int | None, below: list[FrameType]) -> Scene:
    if frame is None or line is None:
        return Scene(raised)
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    return Scene(raised, statement_at(source, line), [frame.f_locals, frame.f_globals], below)


def _below(trace: TracebackType | None, frame: FrameType | None) -> list[FrameType]:
    """The frames after that one, the innermost last."""
    frames = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    return frames[len(frames) - frames[::-1].index(frame) :] if frame in frames else []


def _live(scene: Scene) -> dict[str, str]:
    """What stands on the line; the layer inside which it was, and its input, where neither has a name there."""
    named = list(scene.named)
    layer = scene.layer
    if layer is not None and described(layer.value) and not any(one.value is layer.value for one in named):
        named.append(layer)
    if layer is not None and scene.given is not None and not any(one.value is scene.given for one in named):
        named.append(Named("input", scene.given))
    lines = [f"{name}: {described(value)}" for name, value in named]
    return {LIVE: "\n".join(lines)} if lines else {}
