"""The recipes: their names, defaults, titles and what they reach. Data that needs no torch.

A recipe's code is `recipes/<name>.py`; what it is asked to do is a `Request`, checked here before anything
starts.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs.folder import Request
from ptlearn_tui.training import datasets

DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?")


@dataclass(frozen=True)
class Reach:
    """What a recipe with its defaults is measured to reach; the lowest of five seeds."""

    kind: str  # of the data: "sample" or "full"
    epochs: int
    accuracy: float  # on the test set, 0..1


@dataclass(frozen=True)
class Recipe:
    """One thing to train, and the options that it is trained with unless told otherwise."""

    name: str
    title: str  # English, a key for `locale.t`
    about: str  # likewise, one line
    data_set: str | None  # in `datasets.SETS`; None where the recipe makes its own data
    epochs: int
    batch_size: int
    lr: float
    reaches: tuple[Reach, ...] = ()

    @property
    def source(self) -> Path:
        """The recipe's own file: teaching code, shown as it is."""
        return Path(__file__).parent / "recipes" / f"{self.name}.py"


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="mnist",
            title="MNIST digits",
            about="the notes' LeNet on handwritten digits, AdamW with a one-cycle rate",
            data_set="mnist",
            epochs=5,
            batch_size=64,
            lr=8e-3,
            reaches=(Reach("sample", 2, 0.96), Reach("full", 2, 0.985)),
        ),
        Recipe(
            name="notes",
            title="The notes' training loop",
            about="five steps on random images and targets, as the notes have it: mechanics, not learning",
            data_set=None,
            epochs=5,
            batch_size=1,
            lr=0.01,
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
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int | None = None,
    device: str | None = None,
    data: str | None = None,
) -> Request:
    """What `runs.start` is to start: the recipe's defaults where an option is None, every option checked.

    Raises `RequestError` for an unknown recipe or device, an option out of range, and data that is missing or
    broken. Whether the machine has the device is found out when the run starts, since only torch knows.
    """
    recipe = get(name)
    config: dict[str, Any] = {
        "epochs": recipe.epochs if epochs is None else epochs,
        "batch_size": recipe.batch_size if batch_size is None else batch_size,
        "lr": recipe.lr if lr is None else lr,
    }
    seed = 0 if seed is None else seed
    device = device or "auto"
    found = datasets.find(recipe.data_set, data) if recipe.data_set else None
    if config["epochs"] < 1:
        raise RequestError(t("--epochs must be 1 or more, not {value}", value=config["epochs"]))
    if config["batch_size"] < 1:
        raise RequestError(t("--batch-size must be 1 or more, not {value}", value=config["batch_size"]))
    if found and config["batch_size"] > found.train:
        raise RequestError(
            t(
                "--batch-size {value} is more than the {n} training images",
                value=config["batch_size"],
                n=found.train,
            )
        )
    if not (config["lr"] > 0 and math.isfinite(config["lr"])):
        raise RequestError(t("--lr must be a number above 0, not {value}", value=config["lr"]))
    if not 0 <= seed < 2**63:
        raise RequestError(t("--seed must be from 0 to 2^63 - 1, not {value}", value=seed))
    if not DEVICES.fullmatch(device):
        raise RequestError(t("no device is called {name}; there are auto, cpu, cuda, cuda:N, mps", name=device))
    return Request(recipe=name, config=config, seed=seed, device=device, data=found.root if found else None)
