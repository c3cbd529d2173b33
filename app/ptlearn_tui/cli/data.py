"""`ptlearn-tui data`: which data sets are here, and getting one."""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.training import datasets

if TYPE_CHECKING:
    import argparse

    from ptlearn_tui.training.datasets.obtain import Got, Order


def main(args: argparse.Namespace) -> int:
    """0 done, 1 a set that could not be had. Raises `RequestError`."""
    if args.action is None:
        if args.source is not None:
            raise RequestError(t("--from says where to get a set from: data get NAME --from …"))
        return show(args.data, args.json)
    if args.name is None:
        raise RequestError(t("which data set? there are {known}", known=", ".join(datasets.SETS)))
    from ptlearn_tui.training.datasets.obtain import order

    bar = sys.stderr.isatty() and not args.json
    return get(order(args.name, args.data, args.source, bar=bar), args.json, args.ascii)


def show(given: str | None, as_json: bool) -> int:
    """Every set: where it is, and how much of it."""
    sets = [_there_or_made(data_set, given) for data_set in datasets.SETS.values()]
    if given is not None and all(one.kind in datasets.MADE for one in sets):
        datasets.find(sets[0].data_set.name, given)  # raises: the folder is none with data
    if as_json:
        _write({"sets": [_row(one) for one in sets]})
        return 0
    name = max(len(one.data_set.name) for one in sets) + 2
    title = max(len(one.data_set.title) for one in sets) + 2
    for one in sets:
        count = t("{train:>6} training and {test:>6} test images", train=f"{one.train:,}", test=f"{one.test:,}")
        sys.stdout.write(f"{one.data_set.name:{name}}{one.data_set.title:{title}}{count}\n")
        sys.stdout.write(f"{'':{name + title}}{_where(one)}\n")
    if any(one.kind in datasets.MADE for one in sets):
        command = "ptlearn-tui data get --help"
        sys.stdout.write("\n" + t("without a network, from a mirror or a USB stick: {command}", command=command) + "\n")
    return 0


def get(asked: Order, as_json: bool, ascii_only: bool) -> int:
    """Get a set, unless it is there already and whole."""
    from ptlearn_tui.cli.bar import Bar
    from ptlearn_tui.training.datasets.broken import GetError
    from ptlearn_tui.training.datasets.obtain import obtain
    from ptlearn_tui.training.datasets.progress import Silent

    title = asked.data_set.title
    try:
        with Bar(sys.stderr, ascii_only=ascii_only, environment=os.environ) as bar:
            got = obtain(asked, Silent() if as_json else bar)
    except KeyboardInterrupt:
        _complain(t("interrupted; nothing is left of it"))
        raise
    except GetError as error:
        if asked.remote:
            line = t("{title} could not be downloaded: {problem}", title=title, problem=error)
            command = f"ptlearn-tui data get {asked.data_set.name} --from FILE"
            _complain(line + t("; try again, or copy it here by hand: {command}", command=command))
        else:
            _complain(t("{title} is not installed: {problem}", title=title, problem=error))
        return 1
    except OSError as error:
        _complain(t("{title} is not installed: {problem}", title=title, problem=_disk(error, asked)))
        return 1
    if as_json:
        source = None if got.checked is None else asked.source or "torchvision"
        _write({**_row(got.found), "source": source, "verified": got.checked or {}})
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _told(asked, got)))
    return 0


def _told(asked: Order, got: Got) -> list[str]:
    """Where a set is, where it came from and how it was checked."""
    from ptlearn_tui.training.datasets.assemble import FORM

    lines = [t("{title} is in {folder}", title=asked.data_set.title, folder=got.found.folder)]
    if got.checked is None:
        if asked.source is not None:
            lines.append(t("it was there already: nothing was taken from {source}", source=asked.source))
        return lines
    kinds = sorted({*got.checked.values()} - {FORM})
    sure = sum(kind != FORM for kind in got.checked.values())
    if sure:
        lines.append(t("checked: {n} files have the published sums ({kinds})", n=sure, kinds=", ".join(kinds)))
    if sure < len(got.checked):
        names = ", ".join(name for name, kind in got.checked.items() if kind == FORM)
        lines.append(t("no sum is published of {names}: only size and form are checked", names=names))
    return lines


def _disk(error: OSError, asked: Order) -> str:
    """What the disk has against it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return t("the disk is full: {folder}; free some space, or name another place: --data DIR", folder=asked.root)
    return f"{error.filename or asked.root}: {error.strerror or error}"


def _where(found: datasets.Found) -> str:
    """The folder, or what stands in for the set and how to get it."""
    command = f"ptlearn-tui data get {found.data_set.name}"
    match found.kind:
        case "sample":
            return t("the bundled sample; the whole set: {command}", command=command)
        case "synthetic":
            return t("made up; the real set: {command}", command=command)
    return str(found.folder)


def _complain(line: str) -> None:
    sys.stderr.write(" ".join(["ptlearn-tui:", *line.splitlines()]) + "\n")


def _there_or_made(data_set: datasets.DataSet, given: str | None) -> datasets.Found:
    """The set in the folder that is given; what is always there where that lacks it. Raises `RequestError`."""
    if given is not None:
        found = datasets.look(data_set, datasets.download_folder(given))
        return found or datasets.find_offline(data_set.name)
    return datasets.find(data_set.name)


def _row(found: datasets.Found) -> dict[str, Any]:
    """A set as `--json` gives it."""
    made = found.kind in datasets.MADE
    return {
        "name": found.data_set.name,
        "title": found.data_set.title,
        "kind": found.kind,
        "train": found.train,
        "test": found.test,
        "folder": None if made else str(found.folder),
        "get": f"ptlearn-tui data get {found.data_set.name}" if made else None,
    }


def _write(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
