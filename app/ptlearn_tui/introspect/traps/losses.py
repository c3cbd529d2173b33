"""Traps that a curve of losses shows. Losses come in lots; most lots are done with after a look at their extremes."""

from __future__ import annotations

from math import isfinite, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptlearn_tui.introspect.traps.records import Say, Where

RISES = 10  # losses in a row, each above the last
LONG = 200  # steps of guessing
NEAR = 0.02  # of ln(classes)


class Losses:
    """One curve, as it grows."""

    def __init__(self, where: Where, say: Say) -> None:
        self.classes = 0
        self._steps = 0
        self._where = where
        self._say = say
        self._first: float | None = None
        self._last: list[float] = []  # the losses before this lot that a rise may have begun with
        self._guesses = 0  # in a row

    def more(self, lot: list[float], *, alone: bool) -> None:
        """A lot of losses. `alone`: it is the only curve of a loss, and an optimizer lessens it."""
        if not lot:
            return
        if not isfinite(sum(lot)):
            lot = self._up_to_no_number(lot)
        if lot:
            self._first = lot[0] if self._first is None else self._first
            if alone and max(lot) > 2 * self._first:
                self._rises([*self._last, *lot])
            if self.classes > 1:
                self._guess(lot)
            self._last = [*self._last, *lot][-RISES:]
        self._steps += len(lot)

    def _up_to_no_number(self, lot: list[float]) -> list[float]:
        """Tell of the first that is no number; what comes after it tells nothing more."""
        index = next((index for index, value in enumerate(lot) if not isfinite(value)), len(lot))
        if index < len(lot) and self._steps + index > 0:
            self._say("nan-loss", self._where, {"value": str(lot[index]), "step": str(self._steps + index + 1)})
        return lot[:index]

    def _rises(self, losses: list[float]) -> None:
        rises = 0
        for index in range(1, len(losses)):
            rises = rises + 1 if losses[index] > losses[index - 1] else 0
            if rises == RISES:
                before, now = losses[index - RISES], losses[index]
                if before > 0 and now > 2 * max(before, self._first or 0.0):
                    step = self._steps - len(self._last) + index + 1
                    facts = {"step": str(step), "before": f"{before:.3g}", "now": f"{now:.3g}"}
                    self._say("rate-too-high", self._where, facts)
                rises -= 1

    def _guess(self, lot: list[float]) -> None:
        guess = log(self.classes)
        low, high = guess * (1 - NEAR), guess * (1 + NEAR)
        if low <= min(lot) and max(lot) <= high:
            self._guesses += len(lot)
        else:
            for value in lot:
                self._guesses = self._guesses + 1 if low <= value <= high else 0
                if self._guesses >= LONG:
                    break
        if self._guesses >= LONG:
            self._guesses = 0
            self._say("guessing", self._where, {"classes": str(self.classes), "loss": f"{guess:.3f}"})
