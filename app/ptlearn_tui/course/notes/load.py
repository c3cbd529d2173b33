"""A path -> notes: a file or a folder of them, read; and whether the disk has something else by now."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui.course.notes.file import Text, contents, read, signature, why
from ptlearn_tui.course.notes.folder import IN_FOLDERS, MOST_FILES, walk
from ptlearn_tui.course.notes.notes import Notes, NotesFile, key
from ptlearn_tui.course.notes.outline import Outline, outline
from ptlearn_tui.course.page import Cell
from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import expanded
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator

_THRESHOLD = gc.get_threshold()
THROUGH_JUPYTEXT = (".ipynb", ".py")
AT_FIRST = 100_000  # characters: read in a tenth of a second
PRELUDE = -1  # the prelude's number among a file's cells, which are 0, 1, …: it is shown as cell zero
PRELUDE_SOURCE = """\
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim"""


@contextmanager
def _unswept() -> Iterator[None]:
    """A large file is a million tokens, none of them garbage: looking for it takes a fifth of a load."""
    gc.set_threshold(0)  # not `disable`: the dashboard enables it after its first paint, which may come meanwhile
    try:
        yield
    finally:
        gc.set_threshold(*_THRESHOLD)


@_unswept()
def load(wanted: str | Path, *, prelude: bool = True, known: Notes | None = None) -> Notes:
    """Read a file or a folder of them; of `known` what has not changed. Raises `RequestError` in one line."""
    path = expanded(str(wanted))
    before = {file.path: file for file in known.files} if known else {}
    path = Path.cwd() / path  # not where links lead: a name is told as it was given
    try:
        folder = path.is_dir()
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name too long: told by whoever reads it
        folder = False
    if not folder:
        return Notes(path, (load_file(path, path.name, prelude=prelude),))
    files: list[NotesFile] = []
    refused: list[str] = []
    for number, each in enumerate(walk(path, lambda error: refused.append(f"{error.filename}: {why(error)}"))):
        if number == MOST_FILES:
            refused.append(t("more than {n} files: the rest is left out", n=MOST_FILES))
            break
        try:
            file = before.get(each)
            if file is None or file.signature != signature(each):
                file = load_file(each, str(each.relative_to(path)), prelude=prelude)
            files.append(file)
        except OSError as error:
            refused.append(f"{each}: {why(error)}")
        except RequestError as error:
            refused.append(str(error))
    if not files:
        kinds = " ".join(IN_FOLDERS)
        raise RequestError(refused[0] if refused else t("{path} has no notes in it: {kinds}", path=path, kinds=kinds))
    return Notes(path, tuple(files), tuple(refused))


@_unswept()
def begin(wanted: Path, *, prelude: bool = True) -> Notes | None:
    """The first pages of a large file, to be shown while the rest is read. Raises `RequestError`."""
    path = Path.cwd() / expanded(str(wanted))
    if path.suffix.lower() in THROUGH_JUPYTEXT or path.is_dir():
        return None
    text = read(path)
    end = max(text.text.rfind(before, 0, AT_FIRST) for before in ("\n#", "\n\n", "\n\r\n"))
    if end < 0 or len(text.text) < 2 * AT_FIRST:
        return None
    part = replace(text, text=text.text[:end])
    return Notes(path, (_file(part, path.name, outline(part.shown, path.stem), prelude=prelude),), whole=False)


def changed(notes: Notes) -> bool:
    """Whether the disk has something else by now."""
    try:
        if not notes.whole or any(signature(file.path) != file.signature for file in notes.files):
            return True
    except OSError:
        return True
    if not notes.path.is_dir():
        return False
    closed: list[OSError] = []
    count = len(list(islice(walk(notes.path, closed.append), MOST_FILES + 1)))
    return count + len(closed) != len(notes.files) + len(notes.refused)


def load_file(path: Path, name: str, *, prelude: bool) -> NotesFile:
    """Read one file. Raises `RequestError`."""
    if path.suffix.lower() in THROUGH_JUPYTEXT:
        return _converted(path, name, prelude=prelude)
    text = read(path)
    return _file(text, name, outline(text.shown, path.stem), prelude=prelude)


def _file(text: Text, name: str, found: Outline, *, prelude: bool) -> NotesFile:
    wanted = prelude and found.cells and found.fields.get("prelude") not in (False, "false", "off", "no")
    return NotesFile(
        path=text.path,
        name=name,
        key=key(text.path),
        signature=text.signature,
        outline=found,
        cells=found.cells,
        prelude=Cell(PRELUDE, PRELUDE_SOURCE, frozenset({"prelude"})) if wanted else None,
        encoding=text.encoding,
        broken=text.broken,
    )


def _converted(path: Path, name: str, *, prelude: bool) -> NotesFile:
    from ptlearn_tui.course.notes.notebook import convert

    data, signature = contents(path)
    converted = convert(path.name, data)
    file = _file(
        Text(path, converted.text, "utf-8", signature), name, outline(converted.text, path.stem), prelude=prelude
    )
    cells = tuple(
        replace(cell, line=converted.lines.get(cell.line, 1), saved=converted.saved.get(cell.line, ()))
        for cell in file.cells
    )
    return replace(file, cells=cells, ticks=False)
