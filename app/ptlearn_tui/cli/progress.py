"""`ptlearn-tui progress`: what a learner has made, from one machine to another."""

from __future__ import annotations

import errno
import json
import re
import shlex
import sqlite3
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from ptlearn_tui.cli.export import STDOUT, write_file, write_stdout
from ptlearn_tui.cli.run_lines import cells
from ptlearn_tui.course import made, merge
from ptlearn_tui.course.progress import Progress, unusable
from ptlearn_tui.errors import RequestError
from ptlearn_tui.home import expanded
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ptlearn_tui.course.progress import Replaced

FILE = "ptlearn-progress.json"
STDIN = "-"
LIMIT = 256 * 2**20  # bytes; all that was ever made is a hundredth of it


def main(args: argparse.Namespace) -> int:
    """0 done. Raises `RequestError`, and `OSError` where the disk is full."""
    {"export": export, "import": take_in, "replaced": show_replaced}[args.action](args)
    return 0


def export(args: argparse.Namespace) -> None:
    """Write all that was made into one file, whole or not at all."""
    if args.file is not None:
        raise RequestError(t("name the file to write with -o {file}", file=args.file))
    with opened() as progress:
        all_made = merge.collect(progress)
    if args.output == STDOUT:
        write_stdout(made.encode(all_made))
        return
    path = expanded(args.output or FILE)
    write_file(path, made.encode(all_made), args.force)
    counts = {name: len(getattr(all_made, name)) for name in merge.KINDS}
    if args.json:
        _print_json({"path": str(path), **counts})
        return
    what = ", ".join(f"{words} {counts[name]}" for name, words in _kinds().items())
    command = f"ptlearn-tui progress import {shlex.quote(path.name)}"
    sys.stdout.write(f"{path}: {what}\n  " + t("on the other machine: {command}", command=command) + "\n")


def take_in(args: argparse.Namespace) -> None:
    """Merge a file into what is here."""
    _refuse_output(args)
    if args.file is None:
        raise RequestError(t("import which file? it is written by: {command}", command="ptlearn-tui progress export"))
    other = made.decode(_read(args.file), t("stdin") if args.file == STDIN else args.file)
    with opened() as progress:
        summary = merge.merge(progress, other, time.time())
    if args.json:
        counts = {name: count._asdict() for name, count in summary.counts.items()}
        _print_json({**counts, "replaced": summary.replaced})
        return
    heads = (t("came in"), t("newer here"))
    names = _kinds()
    wide = max(map(cells, names.values()))
    sys.stdout.write(" " * wide + "".join(f"   {head}" for head in heads) + "\n")
    for name, words in names.items():
        numbers = "".join(
            f"   {number:>{cells(head)}}" for head, number in zip(heads, summary.counts[name], strict=True)
        )
        sys.stdout.write(words + " " * (wide - cells(words)) + numbers + "\n")
    if summary.replaced:
        line = t("texts of yours that gave way to newer ones: {n}; they are kept", n=summary.replaced)
        sys.stdout.write(f"{line}: ptlearn-tui progress replaced\n")


def show_replaced(args: argparse.Namespace) -> None:
    """Every text that an import has replaced, as Markdown."""
    _refuse_output(args)
    if args.file is not None:
        raise RequestError(t("{action} takes no file", action="replaced"))
    with opened() as progress:
        found = progress.replaced()
    if args.json:
        _print_json({"replaced": [each._asdict() for each in found]})
    elif not found:
        sys.stdout.write(t("no import has replaced a text of yours") + "\n")
    else:
        sys.stdout.write("\n".join(map(_markdown, found)))


@contextmanager
def opened() -> Iterator[Progress]:
    """The store. Raises `RequestError` where it can't be used, `OSError` where the disk is full."""
    with Progress.open() as progress:
        try:
            yield progress
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or "disk is full" in str(error):
                raise OSError(errno.ENOSPC, "No space left on device") from error  # not a wrong request
            raise unusable(progress.path, error) from error


def _read(name: str) -> bytes:
    """The file, or stdin. Raises `RequestError`."""
    try:
        if name == STDIN:
            return _bounded(sys.stdin.buffer, t("stdin"))
        path = expanded(name)
        with path.open("rb") as file:
            return _bounded(file, str(path))
    except OSError as error:
        raise RequestError(f"{name}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise RequestError(f"{name}: {error}") from error


def _bounded(file: BinaryIO, name: str) -> bytes:
    content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise RequestError(t("{path} is no progress file: {why}", path=name, why=t("it is larger than 256 MB")))
    return content


def _refuse_output(args: argparse.Namespace) -> None:
    if args.output is not None or args.force:
        raise RequestError(t("-o and --force are for export only"))


def _kinds() -> dict[str, str]:
    """What is moved, in words."""
    return {
        "ticks": t("ticks"),
        "pages": t("pages read"),
        "edits": t("edited cells"),
        "cells": t("cells of your own"),
        "remarks": t("remarks"),
        "outputs": t("outputs"),
        "attempts": t("answers"),
    }


def _markdown(one: Replaced) -> str:
    """A heading that says which and when, then the text: code in a fence that nothing in it can close."""
    where = {"edit": t("cell {n}", n=int(one.cell) + 1)} if one.kind == "edit" else {}
    where |= {"cell": t("a cell of your own"), "remark": t("remark")}
    written, replaced = (f"{datetime.fromtimestamp(moment):%Y-%m-%d %H:%M}" for moment in (one.changed, one.replaced))
    dates = t("written {written}, replaced {replaced}", written=written, replaced=replaced)
    head = f"## {one.page} · {where[one.kind]}\n\n{dates}\n\n"
    if one.kind == "remark":
        return head + one.text.rstrip("\n") + "\n"
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", one.text)), default=0))
    return f"{head}{fence}python\n{one.text.rstrip()}\n{fence}\n"


def _print_json(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
