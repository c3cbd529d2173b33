"""Where a film stands: which backward(), which step of it, and whether it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.timer import Timer
    from textual.widget import Widget

    from ptlearn_tui.events import Film, Shot

PACE = 0.6  # seconds a step


class Reel:
    """The films of a cell one after the other, step by step. `turned` is called when another step is shown."""

    def __init__(self, turned: Callable[[], None]) -> None:
        self.films: Sequence[Film] = []
        self._turned = turned
        self._at: tuple[int, int] | None = None  # film, step; None: no film is shown
        self._timer: Timer | None = None

    def load(self, films: Sequence[Film]) -> None:
        """The cell's films; other ones than before stop what is shown."""
        if len(films) != len(self.films) or any(one is not other for one, other in zip(films, self.films, strict=True)):
            self.films = list(films)
            self._at = None
            self.pause()

    @property
    def film(self) -> Film | None:
        """The one that is shown."""
        return self.films[self._at[0]] if self._at is not None else None

    @property
    def shot(self) -> Shot | None:
        """The step that is shown."""
        return self.films[self._at[0]].shots[self._at[1]] if self._at is not None else None

    @property
    def first(self) -> bool:
        """The step that is shown is a film's first."""
        return self._at is not None and self._at[1] == 0

    @property
    def place(self) -> str:
        """`step 2 of 5`."""
        if self._at is None:
            return ""
        film, step = self._at
        words = t("step {n} of {total}", n=step + 1, total=len(self.films[film].shots))
        if len(self.films) > 1:
            words = t("film {n} of {total}", n=film + 1, total=len(self.films)) + "  " + words
        return words

    @property
    def state(self) -> str:
        """Whether it plays, in a word."""
        return t("playing") if self._timer is not None else t("paused")

    @property
    def playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._timer is not None

    def play(self, widget: Widget) -> bool:
        """Play or pause; from the begin where it is at its end. Whether there is a film."""
        if not self.films:
            return False
        if self._timer is not None:
            self.pause()
        else:
            if self._at is None or self._after(1) is None:
                self._at = (0, 0)
            self._timer = widget.set_interval(PACE, self._tick)
        self._turned()
        return True

    def pause(self) -> None:
        """It stays where it is."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def stop(self) -> None:
        """No film is shown any more."""
        self.pause()
        self._at = None

    def step(self, by: int) -> None:
        """By hand: it stops playing. One step back from the first one shows the graph again."""
        self.pause()
        if self._at == (0, 0) and by < 0:
            self._at = None
        else:
            self._at = self._after(by) or self._at
        self._turned()

    def seek(self, node: int) -> None:
        """The learner has walked to a node: the step at which it is at work, if there is one."""
        if self._at is None:
            return
        self.pause()
        shots = self.films[self._at[0]].shots
        at = next((number for number, shot in enumerate(shots) if shot.node == node), None)
        if at is not None:
            self._at = (self._at[0], at)

    def _tick(self) -> None:
        following = self._after(1)
        if following is None:
            self.pause()
        else:
            self._at = following
        self._turned()

    def _after(self, by: int) -> tuple[int, int] | None:
        """The next or the last step; None beyond the ends."""
        if self._at is None:
            return None
        film, step = self._at
        if 0 <= step + by < len(self.films[film].shots):
            return film, step + by
        if 0 <= film + by < len(self.films):
            return film + by, 0 if by > 0 else len(self.films[film + by].shots) - 1
        return None
