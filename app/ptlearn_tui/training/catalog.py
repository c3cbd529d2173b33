"""The recipes: their names, defaults, titles and what they reach. Data that needs no torch.

A recipe's code is `recipes/<name>.py`, with ``_`` for ``-``; what it is asked to do is a `Request`, checked here before
anything starts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs.folder import Request
from ptlearn_tui.training import datasets
from ptlearn_tui.training.options import Options, flag, taken

DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?")

BASIC = frozenset({"epochs", "batch_size", "lr"})
WRITTEN_OUT = BASIC | {"label_smoothing", "clip", "compile", "loader"}
ALL = WRITTEN_OUT | {"precision"}


@dataclass(frozen=True)
class Reach:
    """What a recipe with its defaults is measured to reach, and how long it takes."""

    kind: str  # of the data: "sample" or "full"
    epochs: int
    accuracy: float  # on the test set, 0..1: the lowest of the seeds
    seconds: float | None = None  # of training and scoring, their median; None where it was not measured
    on: str = "cpu"  # what it took them on: "cpu" is one shared core
    seeds: int = 5


@dataclass(frozen=True)
class Recipe:
    """One thing to train, and the options that it is trained with unless told otherwise."""

    name: str
    title: str  # English, a key for `locale.t`
    about: str  # likewise, one line
    data_set: str | None  # in `datasets.SETS`; None where the recipe makes its own data
    options: Options
    takes: frozenset[str] = ALL  # which of the options it obeys
    reaches: tuple[Reach, ...] = ()

    @property
    def module(self) -> str:
        """What it is imported as."""
        return f"ptlearn_tui.training.recipes.{self.name.replace('-', '_')}"

    @property
    def source(self) -> Path:
        """The recipe's own file: teaching code, shown as it is."""
        return Path(__file__).parent / "recipes" / f"{self.name.replace('-', '_')}.py"


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="mnist",
            title="MNIST digits",
            about="the notes' LeNet on handwritten digits, AdamW with a one-cycle rate",
            data_set="mnist",
            options=Options(epochs=5, batch_size=64, lr=8e-3),
            takes=WRITTEN_OUT,
            reaches=(Reach("sample", 2, 0.96), Reach("full", 2, 0.985)),
        ),
        Recipe(
            name="mnist-fast",
            title="MNIST in seconds",
            about="99 % after one epoch: a stride in the first layer, batch normalisation, smoothed labels",
            data_set="mnist",
            options=Options(epochs=1, batch_size=192, lr=0.02, label_smoothing=0.1, precision="auto"),
            reaches=(
                Reach("full", 1, 0.991, 6),
                Reach("full", 3, 0.994, 20),
                Reach("full", 1, 0.991, 2, on="H200", seeds=3),
            ),
        ),
        Recipe(
            name="fashion",
            title="Fashion-MNIST clothes",
            about="pairs of 3×3 convolutions, dropout, mirrored pictures",
            data_set="fashion",
            options=Options(epochs=5, batch_size=128, lr=5e-3, label_smoothing=0.05, precision="auto"),
        ),
        Recipe(
            name="cifar10",
            title="CIFAR-10 photographs",
            about="a small network that is done in minutes on a laptop",
            data_set="cifar10",
            options=Options(epochs=5, batch_size=128, lr=8e-3, precision="auto"),
            reaches=(Reach("full", 2, 0.72, 140, seeds=3), Reach("full", 5, 0.798, 7, on="H200", seeds=1)),
        ),
        Recipe(
            name="cifar10-resnet",
            title="CIFAR-10, ResNet-18",
            about="a residual network, SGD, crops, mirrors and cutout; for a GPU",
            data_set="cifar10",
            options=Options(epochs=30, batch_size=512, lr=0.4, label_smoothing=0.1, precision="auto"),
        ),
        Recipe(
            name="cifar10-fast",
            title="CIFAR-10 in seconds",
            about="94 % as the record-setters do it; for a big GPU",
            data_set="cifar10",
            options=Options(epochs=10, batch_size=1024, lr=1.5, label_smoothing=0.2, precision="auto"),
            reaches=(Reach("full", 10, 0.939, 5, on="H200", seeds=2),),
        ),
        Recipe(
            name="notes",
            title="The notes' training loop",
            about="five steps on random images and targets, as the notes have it: mechanics, not learning",
            data_set=None,
            options=Options(epochs=5, batch_size=1, lr=0.01),
            takes=BASIC,
        ),
    )
}


def get(name: str) -> Recipe:
    """The recipe called `name`. Raises `RequestError` for any other name."""
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise RequestError(t("no recipe is called {name}; there are {known}", name=name, known=known))
    return RECIPES[name]


def request(
    name: str,
    *,
    seed: int | None = None,
    device: str | None = None,
    data: str | None = None,
    threads: int | None = None,
    ranks: int | None = None,
    **given: Any,
) -> Request:
    """What `runs.start` is to start: `given` are fields of `Options`, the recipe's defaults stand where one is None.

    Raises `RequestError` for an unknown recipe or device, an option out of range or one that the recipe has no use
    for, and data that is missing or broken. Whether the machine has the device is found out when the run starts, since
    only torch knows.
    """
    recipe = get(name)
    given = {option: value for option, value in given.items() if value is not None}
    for option in given.keys() - recipe.takes:
        raise RequestError(t("{recipe} has no use for {option}", recipe=name, option=flag(option)))
    options = replace(recipe.options, **given).checked()
    found = datasets.find(recipe.data_set, data) if recipe.data_set else None
    seed, device, ranks = seed or 0, device or "auto", 1 if ranks is None else ranks
    if found and options.batch_size > found.train:
        why = t("--batch-size {value} is more than the {n} training images", value=options.batch_size, n=found.train)
        raise RequestError(why)
    if not 0 <= seed < 2**63:
        raise RequestError(t("--seed must be from 0 to 2^63 - 1, not {value}", value=seed))
    if not DEVICES.fullmatch(device):
        raise RequestError(t("no device is called {name}; there are auto, cpu, cuda, cuda:N, mps", name=device))
    for option, number in (("--threads", threads), ("--nproc", ranks)):
        if number is not None and not 1 <= number <= 1024:
            raise RequestError(t("{option} must be {least} or more, not {value}", option=option, least=1, value=number))
    if options.batch_size % ranks:
        why = t("--batch-size {value} can't be shared out among {n} processes", value=options.batch_size, n=ranks)
        raise RequestError(why)
    if options.precision == "float16" and device in ("cpu", "mps"):
        raise RequestError(t("--precision float16 needs a CUDA device; bfloat16 and float32 work everywhere"))
    return Request(
        recipe=name,
        config=taken(options, recipe.takes),
        seed=seed,
        device=device,
        data=found.root if found else None,
        threads=threads,
        ranks=ranks,
    )
