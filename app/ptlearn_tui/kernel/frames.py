"""The frames of a traceback as a learner wants them: their own in full, a library's in a line; names of cells."""

from __future__ import annotations

import linecache
import os
import re
import sysconfig
import traceback
from functools import lru_cache
from itertools import dropwhile, groupby
from pathlib import Path
from typing import Any

import ptlearn_tui

MOST = 60  # frames and folded lines of a stack: an endless recursion through a library has thousands

_CELL = re.compile(r"<cell (\d+)>")
_OURS = str(Path(ptlearn_tui.__file__).parent) + os.sep
_LEADS_TO_US = ("torch/_dynamo/eval_frame.py", "torch/_compile.py")  # so PyTorch calls a mode of ours, …
_FOLLOWS_US = "torch/_ops.py"  # … which goes on with the operator
_STANDARD = tuple({sysconfig.get_path(key) + os.sep for key in ("stdlib", "platstdlib")})
_INSTALLED = re.compile(r".*[\\/](?:site|dist)-packages[\\/]")


def filename(cell: int) -> str:
    """The name under which a cell is compiled, and under which tracebacks and `inspect` find its source.

    People count cells from one, as the screens do.
    """
    return f"<cell {cell + 1}>"


@lru_cache(maxsize=4096)  # asked at every backward()
def cell_of(name: str) -> int | None:
    """The cell that a file name stands for; None for any other file."""
    found = _CELL.fullmatch(name)
    return int(found[1]) - 1 if found else None


def remember_source(cell: int, source: str) -> None:
    """Fill `linecache`, so that tracebacks and ``inspect.getsource`` show the cell. No mtime: it never goes stale."""
    name = filename(cell)
    lines = f"{source.rstrip()}\n".splitlines(keepends=True)  # without a last line end, carets are one off
    linecache.cache[name] = (len(source), None, lines, name)


class Learners(traceback.StackSummary):
    """A stack from the learner's first frame on: what called the cell is no business of theirs."""

    @classmethod
    def of(cls, stack: traceback.StackSummary) -> Learners:
        """The same frames, without those of this program and of what is there only because PyTorch has called it."""
        frames: list[traceback.FrameSummary] = []
        ours = False
        for frame in stack:
            if frame.filename.startswith(_OURS):
                ours = True
                while frames and frames[-1].filename.endswith(_LEADS_TO_US):
                    frames.pop()
            elif not ours or not frame.filename.endswith(_FOLLOWS_US):
                ours = False
                frames.append(frame)
        return cls(dropwhile(lambda frame: not _is_the_learners(frame.filename), frames))

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **how: Any) -> str:  # 3.13: `colorize`
        """A frame's lines; a library's file by its place in the library."""
        written = super().format_frame_summary(frame_summary, **how)
        return written.replace(frame_summary.filename, _shown(frame_summary.filename), 1)


class Folded(Learners):
    """The same, with what lies between the learner's own frames in one line each.

    ``    … 3 frames in torch/nn/modules (linear.py:134 in forward)``: where the innermost of them was.
    """

    def format(self, **how: Any) -> list[str]:
        """Its lines, each with its end."""
        written: list[str] = []
        for learners, group in groupby(self, lambda frame: _is_the_learners(frame.filename)):
            frames = list(group)
            if learners:
                written += traceback.StackSummary.from_list(frames).format(**how)
            else:
                written.append(f"    … {_fold(frames)}\n")
        if len(written) > MOST:
            half = MOST // 2
            written[half:-half] = [f"    … {len(written) - 2 * half} more\n"]
        return written


def _fold(frames: list[traceback.FrameSummary]) -> str:
    places = [Path(_shown(frame.filename)) for frame in frames]
    innermost = frames[-1]
    try:
        folder = Path(os.path.commonpath([place.parent for place in places]))
    except ValueError:  # of absolute and relative ones there is none
        folder = Path()
    if folder.parts:
        where, file = folder.as_posix(), places[-1].relative_to(folder)
    else:
        where, file = ", ".join(dict.fromkeys(place.parts[0] for place in places)), places[-1]
    count = "1 frame" if len(frames) == 1 else f"{len(frames)} frames"
    return f"{count} in {where} ({file.as_posix()}:{innermost.lineno} in {innermost.name})"


def _is_the_learners(name: str) -> bool:
    """Whether it is a cell, or a file beside it that no installer has put there."""
    here = _here()
    library = _INSTALLED.match(name) or name.startswith(_STANDARD)
    return cell_of(name) is not None or bool(here and name.startswith(here) and not library)


def _here() -> str:
    try:
        return str(Path.cwd()) + os.sep
    except OSError:  # it has been removed
        return ""


def _shown(name: str) -> str:
    """A file by its place in the library that it belongs to."""
    if found := _INSTALLED.match(name):
        return name[found.end() :]
    for folder in _STANDARD:
        if name.startswith(folder):
            return "python/" + name[len(folder) :]
    return name
