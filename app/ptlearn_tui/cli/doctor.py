"""`ptlearn-tui doctor`: what this machine has, what is wrong, and the command that mends it."""

from __future__ import annotations

import io
import sys
import unicodedata
from typing import TYPE_CHECKING

from ptlearn_tui import doctor
from ptlearn_tui.doctor import Check, Report
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

INDENT = 6
LABEL = 16
"""Cells that the mark and the name of a check take."""


def main(args: argparse.Namespace) -> int:
    """Print every check; 1 if something is bad."""
    checks = _checks(args.data)
    out = sys.stdout
    if args.json:
        report = Report(tuple(checks))
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(encoding="utf-8")  # after the checks, which judge the encoding as it was
        out.write(report.json() + "\n")
        return 0 if report.ok else 1
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="replace")  # a letter that can't be shown must not end the command that says so
    done = []
    for check in checks:  # a line as soon as it is known: the last one takes seconds
        out.write(lines(check))
        out.flush()
        done.append(check)
    report = Report(tuple(done))
    out.write("\n" + _summary(report) + "\n")
    return 0 if report.ok else 1


def _checks(data: str | None) -> Iterator[Check]:
    """The doctor's, and after the data folder what is in it."""
    for check in doctor.checks(data):
        yield check
        if check.name == "data":
            yield _mnist(data)


def lines(check: Check) -> str:
    """The check's line, and what mends it on the next."""
    marks = {"ok": t("ok"), "warn": t("look"), "bad": t("bad")}
    line = _padded(marks[check.status], INDENT) + _padded(_label(check.name), LABEL) + check.text + "\n"
    return line + (" " * INDENT + check.mend + "\n" if check.mend else "")


def _label(name: str) -> str:
    return {
        "python": "Python",
        "environment": t("environment"),
        "packages": t("packages"),
        "shadow": t("own files"),
        "gpu": "GPU",
        "driver": t("driver"),
        "cpu": "CPU",
        "memory": t("memory"),
        "shared memory": t("shared memory"),
        "terminal": t("terminal"),
        "colours": t("colours"),
        "characters": t("characters"),
        "multiplexer": "tmux / screen",
        "state": t("progress, runs"),
        "data": t("data folder"),
        "mnist": "MNIST",
        "logout": t("logging out"),
        "import": t("import"),
    }.get(name, name)


def _summary(report: Report) -> str:
    bad, warn = report.count("bad"), report.count("warn")
    if not bad and not warn:
        return t("Nothing is wrong.")
    if not bad:
        return t("Nothing is wrong; to look at: {n}.", n=warn)
    return t("Wrong: {bad}. To look at: {warn}. The indented commands mend it.", bad=bad, warn=warn)


def _padded(text: str, cells: int) -> str:
    """`text` in at least so many cells, one of them free; a Chinese character takes two."""
    width = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * max(1, cells - width)


def _mnist(given: str | None) -> Check:
    """Asked of the code that training asks; it stands two floors above the doctor."""
    from ptlearn_tui.training import datasets

    command = "ptlearn-tui data get mnist"
    try:
        found = datasets.find("mnist", given)
    except (RequestError, ImportError) as error:
        return Check("mnist", "bad", str(error), command)
    facts = {"kind": found.kind, "folder": str(found.folder), "train": found.train, "test": found.test}
    if found.kind == "full":
        text = t(
            "{train} training and {test} test images in {folder}",
            train=found.train,
            test=found.test,
            folder=found.folder,
        )
        return Check("mnist", "ok", text, facts=facts)
    text = t("only the bundled sample, {train} training images; all: {command}", train=found.train, command=command)
    return Check("mnist", "ok", text, facts=facts)
