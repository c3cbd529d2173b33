"""Which data sets there are, and where one is found on this machine. Needs no torch.

A data folder has torchvision's layout (``MNIST/raw/train-images-idx3-ubyte.gz`` …, ``cifar-10-batches-py/``) or
CIFAR's own (``cifar-10-batches-bin/``), so that data a learner already has is found. Nothing is ever written into it.
"""

from __future__ import annotations

import math
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ptlearn_tui import home
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.training.datasets.broken import BrokenFile
from ptlearn_tui.training.datasets.cifar import Binary, Pickled
from ptlearn_tui.training.datasets.idx import Idx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SPLITS = ("train", "test")


class Layout(Protocol):
    """One way in which a set's files are laid out. All but `files` raise `BrokenFile`."""

    example: ClassVar[str]  # some of its files, for a message

    @property
    def folder(self) -> str:
        """Of the files, below a data folder."""
        ...

    def files(self, folder: Path, split: str) -> list[Path]:
        """Which a split has; any may be missing."""
        ...

    def count(self, folder: Path, split: str, shape: tuple[int, int, int]) -> int:
        """Images in a split."""
        ...

    def read(self, folder: Path, split: str, shape: tuple[int, int, int]) -> tuple[bytearray, bytearray]:
        """Pixels and labels of a split."""
        ...


@dataclass(frozen=True)
class DataSet:
    """A data set that a recipe can train on: small square images in ten classes."""

    name: str  # as in `data get NAME`
    title: str
    shape: tuple[int, int, int]  # of an image: channels, side, side
    classes: tuple[str, ...]
    mean: tuple[float, ...]  # of each channel over all training pixels, where white is 1
    std: tuple[float, ...]  # likewise
    layouts: tuple[Layout, ...]  # the first is the one that `data get` makes
    sample: Path | None = None  # a part of it that is bundled, in the first layout; see ORIGIN.md there


# Means and spreads are those in general use. CIFAR-10's spread is over all pixels, not a mean of the pictures' own.
SETS = {
    data_set.name: data_set
    for data_set in (
        DataSet(
            name="mnist",
            title="MNIST",
            shape=(1, 28, 28),
            classes=tuple("0123456789"),
            mean=(0.1307,),
            std=(0.3081,),
            layouts=(Idx("MNIST/raw"),),
            sample=Path(__file__).with_name("sample"),
        ),
        DataSet(
            name="fashion",
            title="Fashion-MNIST",
            shape=(1, 28, 28),
            classes=(
                *("T-shirt", "trouser", "pullover", "dress", "coat"),
                *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
            ),
            mean=(0.2860,),
            std=(0.3530,),
            layouts=(Idx("FashionMNIST/raw"),),
        ),
        DataSet(
            name="cifar10",
            title="CIFAR-10",
            shape=(3, 32, 32),
            classes=(
                *("airplane", "automobile", "bird", "cat", "deer"),
                *("dog", "frog", "horse", "ship", "truck"),
            ),
            mean=(0.4914, 0.4822, 0.4465),
            std=(0.2470, 0.2435, 0.2616),
            layouts=(Pickled(), Binary()),
        ),
    )
}

MADE = ("sample", "synthetic")
"""Kinds of data that are always there, and found again by their name."""


@dataclass(frozen=True)
class Found:
    """Where a set is on this machine, and how much of it."""

    data_set: DataSet
    kind: str  # "full", "sample" or "synthetic"
    train: int  # images, as the files say
    test: int
    root: str  # what finds it again: a data folder, "sample" or "synthetic"
    folder: Path | None = None  # that its files stand in; None where it is synthetic
    layout: Layout | None = None  # likewise


def get(name: str) -> DataSet:
    """The set called `name`. Raises `RequestError` for any other name."""
    if name not in SETS:
        raise RequestError(t("no data set is called {name}; there are {known}", name=name, known=", ".join(SETS)))
    return SETS[name]


def download_folder(given: str | None = None) -> Path:
    """Where `data get` puts a set: `--data`, else `PTLEARN_DATA`, else the cache."""
    named = given or os.environ.get("PTLEARN_DATA")
    return _absolute(named) if named else home.cache_folder()


def find(name: str, given: str | None = None) -> Found:
    """Look in `given` (`--data`) alone, or in `PTLEARN_DATA`, ``./data``, the cache; last, what is always there.

    That is a bundled sample, or a made-up set. Raises `RequestError` where `given` lacks the set, or where files that
    are there are broken.
    """
    data_set = get(name)
    if given is not None:
        root = _absolute(given)
        found = look(data_set, root)
        if found is None:
            files = " / ".join(f"{layout.folder}/{layout.example}" for layout in data_set.layouts)
            what = t("{folder} has no {files}", folder=root, files=files)
            command = f"ptlearn-tui --data {given} data get {name}"
            raise RequestError(
                t("{what}; get {title} with: {command}", what=what, title=data_set.title, command=command)
            )
        return found
    for place in (os.environ.get("PTLEARN_DATA"), "data", str(home.cache_folder())):
        found = look(data_set, _absolute(place)) if place else None
        if found is not None:
            return found
    return find_offline(name)


def find_again(name: str, root: str) -> Found:
    """What `Found.root` stood for. Raises `RequestError` where it is no longer there."""
    return find_offline(name) if root in MADE else find(name, root)


def find_offline(name: str) -> Found:
    """The bundled sample of a set, else the set that is made up in its place."""
    data_set = get(name)
    if data_set.sample is not None:
        return _counted(data_set, "sample", "sample", data_set.sample, data_set.layouts[0])
    from ptlearn_tui.training.datasets import synthetic

    train, test = (synthetic.COUNTS[split] for split in SPLITS)
    return Found(data_set, "synthetic", train, test, "synthetic")


def read(found: Found, split: str) -> tuple[bytearray, bytearray]:
    """Pixels (count · channels · side · side bytes, 0..255) and labels (count bytes) of "train" or "test", checked.

    Raises `RequestError` that says what is wrong with which file.
    """
    data_set, classes = found.data_set, len(found.data_set.classes)
    if found.layout is None or found.folder is None:
        from ptlearn_tui.training.datasets import synthetic

        return synthetic.make(split, data_set.shape, classes)
    with _explained(data_set):
        return _read(data_set, found.layout, found.folder, split)


def words(data: Mapping[str, Any]) -> str:
    """What a run trains on, by its `run` event's `data`: "sample" and "synthetic" are always said."""
    if data.get("name") not in SETS:
        return t("made-up data")
    title = SETS[data["name"]].title
    match data.get("kind"):
        case "sample":
            return t("a sample of {name}", name=title)
        case "synthetic":
            return t("synthetic images in place of {name}", name=title)
    return t("all of {name}", name=title)


def look(data_set: DataSet, root: Path) -> Found | None:
    """The set in `root`, or None where any of its files is missing.

    Raises `RequestError` for a broken file, unless the set is there in another layout too.
    """
    problem: RequestError | None = None
    for layout in data_set.layouts:
        # The folder that has the files in it may be named itself.
        for folder in (root / layout.folder, root):
            names = [path for split in SPLITS for path in layout.files(folder, split)]
            if folder.match(layout.folder) and all(path.exists() for path in names):
                try:
                    return _counted(data_set, "full", str(root), folder, layout)
                except RequestError as error:
                    problem = problem or error
    if problem is not None:
        raise problem
    return None


def try_out(data_set: DataSet, folder: Path) -> None:
    """Read all of a set whose files stand in `folder`, as training would. Raises `BrokenFile`."""
    layout = next(layout for layout in data_set.layouts if folder.match(layout.folder))
    for split in SPLITS:
        layout.count(folder, split, data_set.shape)
        _read(data_set, layout, folder, split)


def _read(data_set: DataSet, layout: Layout, folder: Path, split: str) -> tuple[bytearray, bytearray]:
    pixels, labels = layout.read(folder, split, data_set.shape)
    classes = len(data_set.classes)
    if len(pixels) != len(labels) * math.prod(data_set.shape) or max(labels) >= classes:
        raise BrokenFile(layout.files(folder, split)[-1], t("it holds labels above {top}", top=classes - 1))
    return pixels, labels


def _counted(data_set: DataSet, kind: str, root: str, folder: Path, layout: Layout) -> Found:
    with _explained(data_set):
        train, test = (layout.count(folder, split, data_set.shape) for split in SPLITS)
    return Found(data_set, kind, train, test, root, folder, layout)


def _absolute(place: str) -> Path:
    return home.expanded(place).absolute()


@contextmanager
def _explained(data_set: DataSet) -> Iterator[None]:
    """A broken file becomes one line that says what to do."""
    try:
        yield
    except BrokenFile as error:
        if data_set.sample in error.path.parents:
            raise RequestError(t("{problem}; install ptlearn-tui anew", problem=error)) from error
        command = f"ptlearn-tui data get {data_set.name}"
        raise RequestError(
            t("{problem}; delete it, then get it anew with: {command}", problem=error, command=command)
        ) from error
