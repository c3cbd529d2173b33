"""`ptlearn-tui data`: which data sets are here, and getting one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.training import datasets

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def main(args: argparse.Namespace) -> int:
    """0 done, 1 a download that failed. Raises `RequestError`."""
    if args.action is None:
        return show(args.data, args.json)
    if args.name is None:
        raise RequestError(t("which data set? there are {known}", known=", ".join(datasets.SETS)))
    return get(datasets.get(args.name), args.data, args.json)


def show(given: str | None, as_json: bool) -> int:
    """Every set: where it is, and how much of it."""
    sets = [_there_or_made(data_set, given) for data_set in datasets.SETS.values()]
    if given is not None and all(one.kind in datasets.MADE for one in sets):
        datasets.find(sets[0].data_set.name, given)  # raises: the folder is none with data
    if as_json:
        _write({"sets": [_row(one) for one in sets]})
        return 0
    for one in sets:
        which = {"sample": t("the bundled sample"), "synthetic": t("made up, since the set is not here")}
        count = t("{train} training and {test} test images", train=one.train, test=one.test)
        sys.stdout.write(f"{one.data_set.name:10}{count}   {which.get(one.kind, one.folder)}\n")
        if one.kind in datasets.MADE:
            command = f"ptlearn-tui data get {one.data_set.name}"
            sys.stdout.write(f"{'':10}" + t("the whole set: {command}", command=command) + "\n")
    return 0


def get(data_set: datasets.DataSet, given: str | None, as_json: bool) -> int:
    """Download a set, unless it is there already and whole."""
    root = datasets.download_folder(given)
    found = _there(data_set, root)
    if found is None:
        # A process of its own: torchvision imports torch. Its progress bar goes to the terminal through stderr.
        command = [sys.executable, "-m", "ptlearn_tui.training.datasets.download", data_set.name, str(root)]
        quiet = as_json or not sys.stderr.isatty()
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if quiet else None,
            text=True,
        )
        if done.returncode:
            why = (done.stderr or "").strip().splitlines()[-1:]
            line = t("{title} could not be downloaded", title=data_set.title)
            sys.stderr.write(": ".join(["ptlearn-tui", line, *why]) + "\n")
            return 1
        found = datasets.find(data_set.name, str(root))
    if as_json:
        _write(_row(found))
    else:
        sys.stdout.write(t("{title} is in {folder}", title=data_set.title, folder=found.folder) + "\n")
    return 0


def _there(data_set: datasets.DataSet, root: Path) -> datasets.Found | None:
    """The set in this folder; None where it is missing or broken, and is to be downloaded."""
    try:
        return datasets.find(data_set.name, str(root))
    except RequestError:
        return None


def _there_or_made(data_set: datasets.DataSet, given: str | None) -> datasets.Found:
    """The set in the folder that is given; what is always there where that lacks it. Raises `RequestError`."""
    if given is not None:
        found = datasets.look(data_set, datasets.download_folder(given))
        return found or datasets.find_made(data_set.name)
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
