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
        raise RequestError(t("which data set? there is {known}", known=", ".join(datasets.SETS)))
    return get(datasets.get(args.name), args.data, args.json)


def show(given: str | None, as_json: bool) -> int:
    """Every set: where it is, and how much of it."""
    found = [datasets.find(name, given) for name in datasets.SETS]
    if as_json:
        _write({"sets": [_row(one) for one in found]})
        return 0
    for one in found:
        which = t("the bundled sample") if one.kind == "sample" else str(one.folder)
        count = t("{train} training and {test} test images", train=one.train, test=one.test)
        sys.stdout.write(f"{one.data_set.name}   {count}   {which}\n")
        if one.kind == "sample":
            command = f"ptlearn-tui data get {one.data_set.name}"
            sys.stdout.write("  " + t("the whole set: {command}", command=command) + "\n")
    return 0


def get(data_set: datasets.DataSet, given: str | None, as_json: bool) -> int:
    """Download a set, unless it is there already and whole."""
    root = datasets.download_folder(given)
    found = _there(data_set, root)
    if found is None:
        # A process of its own: torchvision imports torch. Its progress bar goes to the terminal through stderr.
        command = [sys.executable, "-m", "ptlearn_tui.training.download", data_set.name, str(root)]
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


def _row(found: datasets.Found) -> dict[str, Any]:
    """A set as `--json` gives it."""
    sample = found.kind == "sample"
    return {
        "name": found.data_set.name,
        "title": found.data_set.title,
        "kind": found.kind,
        "train": found.train,
        "test": found.test,
        "folder": None if sample else str(found.folder),
        "get": f"ptlearn-tui data get {found.data_set.name}" if sample else None,
    }


def _write(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
