"""Which data sets there are, and where one is found on this machine. Needs no torch.

A data folder has torchvision's layout (``MNIST/raw/train-images-idx3-ubyte.gz`` …), packed or unpacked, so
that data a learner already has is found. Nothing is ever written into it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui import home
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.training import idx

if TYPE_CHECKING:
    from collections.abc import Iterator

SPLITS = {"train": "train", "test": "t10k"}
"""Our word for a split, and the word that the file names begin with."""


@dataclass(frozen=True)
class DataSet:
    """A data set that a recipe can train on: grey images in four idx files."""

    name: str  # as in `data get NAME`
    title: str
    folder: str  # of its files, below a data folder
    classes: tuple[str, ...]
    side: int  # pixels; images are square
    sample: Path | None  # a part of it that is bundled; see ORIGIN.md there


SETS = {
    "mnist": DataSet(
        name="mnist",
        title="MNIST",
        folder="MNIST/raw",
        classes=tuple("0123456789"),
        side=28,
        sample=Path(__file__).with_name("sample"),
    ),
}


@dataclass(frozen=True)
class Found:
    """Where a set is on this machine, and how much of it."""

    data_set: DataSet
    kind: str  # "full" or "sample"
    folder: Path  # that its files stand in
    train: int  # images, as the files' headers say
    test: int

    @property
    def root(self) -> str:
        """What finds it again: a data folder, or "sample"."""
        return "sample" if self.kind == "sample" else str(self.folder.parents[1])


def get(name: str) -> DataSet:
    """The set called `name`. Raises `RequestError` for any other name."""
    if name not in SETS:
        raise RequestError(t("no data set is called {name}; there is {known}", name=name, known=", ".join(SETS)))
    return SETS[name]


def download_folder(given: str | None = None) -> Path:
    """Where `data get` puts a set: `--data`, else `PTLEARN_DATA`, else the cache."""
    named = given or os.environ.get("PTLEARN_DATA")
    return _absolute(named) if named else home.cache_folder()


def find(name: str, given: str | None = None) -> Found:
    """Look in `given` (`--data`) alone, or in `PTLEARN_DATA`, ``./data``, the cache, and last the sample.

    Raises `RequestError` where `given` lacks the set, or where files that are there are broken.
    """
    data_set = get(name)
    if given is not None:
        root = _absolute(given)
        found = _look(data_set, root)
        if found is None:
            what = t(
                "{folder} has no {files}",
                folder=root,
                files=f"{data_set.folder}/train-images-idx3-ubyte.gz …",
            )
            command = f"ptlearn-tui --data {given} data get {name}"
            raise RequestError(
                t("{what}; get {title} with: {command}", what=what, title=data_set.title, command=command)
            )
        return found
    for place in (os.environ.get("PTLEARN_DATA"), "data", str(home.cache_folder())):
        found = _look(data_set, _absolute(place)) if place else None
        if found is not None:
            return found
    return find_sample(name)


def find_again(name: str, root: str) -> Found:
    """What `Found.root` stood for. Raises `RequestError` where it is no longer there."""
    return find_sample(name) if root == "sample" else find(name, root)


def find_sample(name: str) -> Found:
    """The bundled sample of a set. Raises `RequestError` where none is bundled."""
    data_set = get(name)
    if data_set.sample is None:
        command = f"ptlearn-tui data get {name}"
        raise RequestError(t("{title} is not here; get it with: {command}", title=data_set.title, command=command))
    return _counted(data_set, "sample", data_set.sample)


def read(found: Found, split: str) -> tuple[bytearray, bytearray]:
    """Pixels (count · side · side bytes, 0..255) and labels (count bytes) of "train" or "test", checked.

    Raises `RequestError` that says what is wrong with which file.
    """
    images_file, labels_file = _files(found.folder, split)
    with _explained(found.data_set):
        pixels, labels = idx.body_of(images_file), idx.body_of(labels_file)
        if max(labels) >= len(found.data_set.classes):
            raise idx.IdxError(labels_file, t("it holds labels above {top}", top=len(found.data_set.classes) - 1))
    return pixels, labels


def _look(data_set: DataSet, root: Path) -> Found | None:
    """The set below `root`, or None where any of its files is missing."""
    folder = root / data_set.folder
    names = [path for split in SPLITS for path in _files(folder, split)]
    return _counted(data_set, "full", folder) if all(path.exists() for path in names) else None


def _counted(data_set: DataSet, kind: str, folder: Path) -> Found:
    with _explained(data_set):
        train, test = (_count(*_files(folder, split), data_set.side) for split in SPLITS)
    return Found(data_set, kind, folder, train, test)


def _files(folder: Path, split: str) -> tuple[Path, Path]:
    """Image and label file of a split, packed or not; either may be missing."""
    word = SPLITS[split]
    return idx.choose(folder, f"{word}-images-idx3-ubyte"), idx.choose(folder, f"{word}-labels-idx1-ubyte")


def _count(images: Path, labels: Path, side: int) -> int:
    count, *size = idx.shape_of(images)
    if size != [side, side]:
        raise idx.IdxError(images, t("it does not hold images of {side}×{side}", side=side))
    if idx.shape_of(labels) != [count] or count == 0:
        raise idx.IdxError(images, t("it does not have as many images as {file} has labels", file=labels.name))
    return count


def _absolute(place: str) -> Path:
    return home.expanded(place).absolute()


@contextmanager
def _explained(data_set: DataSet) -> Iterator[None]:
    """A broken file becomes one line that says what to do."""
    try:
        yield
    except idx.IdxError as error:
        if data_set.sample in error.path.parents:
            raise RequestError(t("{problem}; install ptlearn-tui anew", problem=error)) from error
        command = f"ptlearn-tui data get {data_set.name}"
        raise RequestError(
            t("{problem}; delete it, then get it anew with: {command}", problem=error, command=command)
        ) from error
