"""What a recipe can be told, checked before anything starts. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

PRECISIONS = ("auto", "float32", "bfloat16", "float16")
LOADERS = ("memory", "dataloader")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The settings of a run, all of them in its `config`."""

    epochs: int
    batch_size: int  # over all processes
    lr: float  # the highest of the schedule
    label_smoothing: float = 0.0  # share of the target that is spread over all classes, 0..1
    clip: float = 0.0  # gradients longer than this, all of them taken together, are cut to it; 0: never
    precision: str = "float32"  # of the forward pass; "auto": bfloat16 on a GPU that has it
    compile: bool = False  # by torch.compile
    loader: str = "memory"  # the data set as one tensor, or a "dataloader" over single pictures

    def checked(self) -> Options:
        """These, where every one makes sense. Raises `RequestError` that names the first that does not."""
        _at_least(1, "--epochs", self.epochs)
        _at_least(1, "--batch-size", self.batch_size)
        if not (self.lr > 0 and math.isfinite(self.lr)):
            raise RequestError(t("--lr must be a number above 0, not {value}", value=self.lr))
        if not 0 <= self.label_smoothing < 1:
            why = t("--label-smoothing must be from 0 to below 1, not {value}", value=self.label_smoothing)
            raise RequestError(why)
        if not (self.clip >= 0 and math.isfinite(self.clip)):
            raise RequestError(t("--clip must be 0 or a number above it, not {value}", value=self.clip))
        _one_of(PRECISIONS, "--precision", self.precision)
        _one_of(LOADERS, "--loader", self.loader)
        return self


def taken(options: Options, names: frozenset[str]) -> dict[str, Any]:
    """The named ones, as a run's `config` has them."""
    return {name: value for name, value in vars(options).items() if name in names}


def flag(name: str) -> str:
    """How an option is written on the command line."""
    return "--" + name.replace("_", "-")


def _at_least(least: int, name: str, value: int) -> None:
    if value < least:
        raise RequestError(t("{option} must be {least} or more, not {value}", option=name, least=least, value=value))


def _one_of(known: tuple[str, ...], name: str, value: str) -> None:
    if value not in known:
        choice = ", ".join(known)
        raise RequestError(t("{option} is one of {known}, not {value}", option=name, known=choice, value=value))
