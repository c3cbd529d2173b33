"""Traps that a curve of losses shows."""

from __future__ import annotations

from collections import deque
from math import isfinite, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptlearn_tui.introspect.trap_records import Say, Where

RISES = 10  # losses in a row, each above the last
LONG = 200  # steps of guessing
NEAR = 0.02  # of ln(classes)


class Losses:
    """One curve, as it grows."""

    def __init__(self, where: Where, say: Say) -> None:
        self.classes = 0
        self.steps = 0
        self._where = where
        self._say = say
        self._first: float | None = None
        self._last = 0.0
        self._lowest = 0.0  # where the rise began
        self._rises = 0
        self._guesses: deque[float] = deque(maxlen=LONG)

    def add(self, value: float, *, alone: bool) -> None:
        """One more. `alone`: it is the only loss, and an optimizer lessens it."""
        self.steps += 1
        if not isfinite(value):
            self._rises = 0
            self._guesses.clear()
            if self.steps > 1 and isfinite(self._last):
                self._say("nan-loss", self._where, {"value": str(value), "step": str(self.steps)})
            self._last = value
            return
        if self._first is None:
            self._first = value
        elif value > self._last:
            if self._rises == 0:
                self._lowest = self._last
            self._rises += 1
            if alone and self._rises == RISES:
                self._rose(value)
        else:
            self._rises = 0
        self._last = value
        if self.classes > 1:
            self._guess(value)

    def _rose(self, value: float) -> None:
        if self._lowest > 0 and value > 2 * self._lowest and value > 2 * (self._first or 0.0):
            facts = {"step": str(self.steps), "before": f"{self._lowest:.3g}", "now": f"{value:.3g}"}
            self._say("rate-too-high", self._where, facts)

    def _guess(self, value: float) -> None:
        guess = log(self.classes)
        if abs(value - guess) > NEAR * guess:
            self._guesses.clear()
            return
        self._guesses.append(value)
        if len(self._guesses) == LONG:
            facts = {"classes": str(self.classes), "loss": f"{guess:.3f}"}
            self._say("guessing", self._where, facts)
            self._guesses.clear()
