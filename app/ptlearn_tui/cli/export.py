"""`ptlearn-tui export`: a training run in a format of other tools."""

from __future__ import annotations

import errno
import shlex
import sys
from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import expanded
from ptlearn_tui.locale import t
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs import table, tensorboard

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

LESSON_FORMATS = ("ipynb", "md", "py")

STDOUT = "-"


def main(args: argparse.Namespace) -> int:
    """0 done. Raises `RequestError`, and `OSError` where the disk is full."""
    formats = {"csv": to_csv, "tensorboard": to_tensorboard}
    if args.to in LESSON_FORMATS:
        raise RequestError(t("--to {format}: lessons can't be exported yet, only training runs", format=args.to))
    if args.to not in formats:
        raise RequestError(t("--to {format}: there are {known}", format=args.to, known=", ".join(formats)))
    formats[args.to](run_folder.find(args.what), args)
    return 0


def to_csv(folder: Path, args: argparse.Namespace) -> None:
    """One long table, in a file or on stdout."""
    numbers = _numbers(folder)
    content = table.as_csv(numbers).encode()
    if args.output == STDOUT:
        write_stdout(content)
        return
    path = expanded(args.output or f"{folder.name}.csv")
    write_file(path, content, args.force)
    _say(numbers, path)


def to_tensorboard(folder: Path, args: argparse.Namespace) -> None:
    """A folder with one event file in it, and the command to look at it."""
    if args.output == STDOUT:
        raise RequestError(t("--to tensorboard writes a folder: give its name with -o"))
    numbers, request = _numbers(folder), run_folder.read_request(folder)
    target = expanded(args.output or f"{folder.name}-tensorboard")
    path = target / tensorboard.file_name(request)
    content = tensorboard.encode(numbers, request)
    made = _make(target)
    try:
        _refuse_others(path)
        write_file(path, content, args.force)
    except (OSError, RequestError):
        if made:
            target.rmdir()
        raise
    _say(numbers, target)
    command = f"tensorboard --logdir {shlex.quote(str(target))}"
    sys.stdout.write("  " + t("look at it: {command}", command=command) + "\n")


def _numbers(folder: Path) -> table.Table:
    """What the run has written so far. Raises `RequestError` where that is nothing."""
    found = table.read(folder)
    if not found.rows:
        raise RequestError(t("{id} has no numbers to export; see: ptlearn-tui runs show {id}", id=folder.name))
    return found


def _make(folder: Path) -> bool:
    """Make a folder; whether it was not there. Raises `RequestError`."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise RequestError(f"{folder}: {error.strerror}") from error
    return True


def _refuse_others(path: Path) -> None:
    """Raise `RequestError` where TensorBoard would take the run and what else is in the folder for one run."""
    others = [each.name for each in path.parent.glob(f"*{tensorboard.MARK}*") if each.name != path.name]
    if others:
        raise RequestError(
            t("{folder} has another run's {file}; name another folder with -o", folder=path.parent, file=others[0])
        )


def write_stdout(content: bytes) -> None:
    """All of it: where Python does not buffer (PYTHONUNBUFFERED), one big write may write a part only."""
    rest = memoryview(content)
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]


def write_file(path: Path, content: bytes, force: bool) -> None:
    """Write a file whole or not at all; one that is there only with `force`. Raises `RequestError` and `OSError`."""
    try:
        if path.exists():
            if not path.is_file():  # nor is a device or a pipe ever replaced by a file
                raise RequestError(t("{path} is not a file", path=path))
            if not force:
                raise RequestError(t("{path} is there already; replace it with --force", path=path))
        run_folder.write_whole(path, content)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # not a wrong request: the work failed
            raise
        raise RequestError(f"{path}: {error.strerror}") from error


def _say(numbers: table.Table, path: Path) -> None:
    line = t("{n} numbers up to step {step}: {path}", n=len(numbers.rows), step=numbers.rows[-1].step, path=path)
    sys.stdout.write(line + "\n")
