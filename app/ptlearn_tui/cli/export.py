"""`ptlearn-tui export`: a training run, or a lesson, in a format of other tools."""

from __future__ import annotations

import errno
import shlex
import sqlite3
import sys
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui import locale
from ptlearn_tui.course.progress import FILE, Progress, unusable
from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import expanded, state_folder
from ptlearn_tui.locale import t
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs import table, tensorboard

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from ptlearn_tui.course.plan import PageEntry

LESSON_FORMATS = ("ipynb", "md", "py")

STDOUT = "-"


class Document(NamedTuple):
    """A lesson, or somebody's notes."""

    name: str  # as it was asked for
    stem: str  # of the file that it becomes
    file: str
    data: bytes


def main(args: argparse.Namespace) -> int:
    """0 done. Raises `RequestError`, and `OSError` where the disk is full."""
    if args.notes:
        to_notes(args)
        return 0
    if not args.what or not args.to:
        raise RequestError(
            t("give a lesson, a file or a run, and --to FORMAT; or --notes; see ptlearn-tui export --help")
        )
    formats = {"csv": to_csv, "tensorboard": to_tensorboard}
    if args.to in LESSON_FORMATS:
        to_cells(_find(args.what, edited=args.edited), args)
        return 0
    if args.to not in formats:
        known = ", ".join((*LESSON_FORMATS, *formats))
        raise RequestError(t("--to {format}: there are {known}", format=args.to, known=known))
    if args.edited:
        raise RequestError(t("--edited is for lessons: with --to {known}", known=", ".join(LESSON_FORMATS)))
    formats[args.to](run_folder.find(args.what), args)
    return 0


def to_cells(document: Document, args: argparse.Namespace) -> None:
    """A notebook, Markdown or a script, in a file or on stdout."""
    from ptlearn_tui.course.export import export

    content = export(document.file, document.data, args.to)
    if args.output == STDOUT:
        write_stdout(content)
        return
    path = expanded(args.output or f"{document.stem}.{args.to}")
    write_file(path, content, args.force)
    sys.stdout.write(f"{document.name}: {path}\n")


def to_notes(args: argparse.Namespace) -> None:
    """All that the learner has made, as one Markdown file."""
    from ptlearn_tui.course.own_notes import own_notes
    from ptlearn_tui.course.plan import load_plan

    if args.what or args.edited or args.to not in (None, "md"):
        raise RequestError(t("--notes is of all lessons, and Markdown: give only -o FILE"))
    with Progress.open() as progress:
        try:
            content = own_notes(load_plan(locale.language()), progress).encode()
        except sqlite3.Error as error:
            raise unusable(progress.path, error) from error
    if args.output == STDOUT:
        write_stdout(content)
        return
    path = expanded(args.output or "my-notes.md")
    write_file(path, content, args.force)
    sys.stdout.write(t("your notes: {path}", path=path) + "\n")


def _find(wanted: str, *, edited: bool) -> Document:
    """A page of the course, in the language in use, or a file. Raises `RequestError`."""
    from ptlearn_tui.course.plan import PLAN_IDS, load_plan

    plan = load_plan(locale.language())
    entry = plan.page(wanted) or (plan.start if wanted == "start" else None)
    if wanted in PLAN_IDS:
        pages = plan.item(wanted).pages
        if len(pages) > 1:
            known = ", ".join(page.key for page in pages)
            raise RequestError(t("{item} has several pages, export one of them: {known}", item=wanted, known=known))
        entry = pages[0]
    if entry is not None:
        return Document(wanted, entry.id, entry.path.name, _text(entry, edited=edited))
    path = expanded(wanted)
    try:
        if not path.exists():
            known = ", ".join(PLAN_IDS)
            raise RequestError(t("no lesson and no file '{name}'; lessons: {known}", name=wanted, known=known))
        if not path.is_file():
            raise RequestError(t("{path} is not a file", path=path))
        if edited:
            raise RequestError(t("--edited is for lessons: with --to {known}", known=", ".join(LESSON_FORMATS)))
        return Document(wanted, path.stem, path.name, path.read_bytes())
    except OSError as error:  # a folder that may not be entered, a name that is too long
        raise RequestError(f"{wanted}: {error.strerror}") from error


def _text(entry: PageEntry, *, edited: bool) -> bytes:
    """The lesson's own bytes, or with what the learner has made of it."""
    data = entry.path.read_bytes()
    store = state_folder() / FILE
    if not edited or not store.exists():
        return data
    from ptlearn_tui.course.export import edited as merge

    with Progress(store) as progress:
        try:
            edits, added = progress.edits(entry.key), progress.scratch(entry.key)
        except sqlite3.Error as error:
            raise unusable(store, error) from error
    return merge(data.decode(), edits, added).encode()


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
