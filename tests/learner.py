"""A learner at the keyboard of one dashboard, on the Start page: two cells, into which anything can be written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

ENTER, ESCAPE, TAB, SHIFT_TAB, F7 = "\r", "\x1b", "\t", "\x1b[Z", "\x1b[18~"
CTRL_C, CTRL_L, CTRL_R = "\x03", "\x0c", "\x12"
TABS = "1 Output  2 Tensors  3 Graph  4 Plot"
QUESTION = "Kill the kernel?"


class Learner:
    """Presses keys, and waits for what they do."""

    def __init__(self, home: Path, rows: int = 40, **environment: str) -> None:
        self.screen = Terminal("--lang", "en", rows=rows, PTLEARN_HOME=str(home), **environment)
        self.runs = 0
        self.screen.wait("Projects (MNIST / CIFAR-10)")
        self.screen.press(ENTER)
        self.screen.wait("▌ In")
        self.screen.wait("kernel ready")
        self.screen.press(TAB)  # the second cell has a question: without an answer, it is a cell as any other
        self.screen.wait("enter skip ")
        self.screen.press(ENTER)
        self.screen.wait(lambda: re.search("skipped.*^▌ In", self.screen.text, re.M | re.S), "the second cell")
        self.screen.press(SHIFT_TAB)
        self.screen.wait("▌  1  import torch")

    @property
    def focused(self) -> str:
        """The title of the cell that has the keys: its number, or nothing."""
        found = re.search(r"^▌ In( \d+)?", self.screen.text, re.M)
        return found[0] if found else ""

    @property
    def said(self) -> str:
        """The screen without the cells' own lines, which are numbered."""
        return "\n".join(line for line in self.screen.lines if not re.match(r"[▌▏].\s*\d+  ", line))

    def colours(self) -> list[str]:
        """Of every place on the screen, its background."""
        window, buffer = self.screen.screen, self.screen.screen.buffer
        return [buffer[y][x].bg for y in range(window.lines) for x in range(window.columns)]

    def run(self, source: str) -> None:
        """Write it into the focused cell, in place of what is there, and start it."""
        self.screen.press("e")
        self.screen.wait("ctrl+r run")
        before = self.colours()
        self.screen.press(F7)
        self.screen.wait(
            lambda: sum(was != now for was, now in zip(before, self.colours(), strict=True)) > 3, "the selection"
        )
        self.screen.press(f"\x1b[200~{source}\x1b[201~", CTRL_R)
        self.runs += 1
        self.screen.wait(f"▌ In {self.runs} ")
        self.quiet(0.01)  # the frame to its end: until then, the title has the last run's state

    def to_the_other(self, key: str) -> None:
        """From one cell to the other."""
        before = self.focused
        self.screen.press(key)
        self.screen.wait(lambda: self.focused not in ("", before), "the other cell")

    def look_at_panel(self, number: int = 2) -> None:
        """The screen answers: a panel opens and closes."""
        self.screen.press(str(number))
        self.screen.wait(TABS)
        self.screen.press(str(number))
        self.screen.wait(lambda: TABS not in self.screen.text, "the panel closed")

    def quiet(self, seconds: float = 0.4) -> None:
        """Whole frames only: nothing more is written for so long, by default for longer than any pause between two."""
        count = -1
        while count != len(self.screen.raw):
            count = len(self.screen.raw)
            self.screen.read(seconds)

    def has_ended(self, state: str) -> bool:
        """Whether the focused cell's title says so."""
        return re.search(rf"^▌ In {self.runs} .* {state}", self.screen.text, re.M) is not None

    def ended(self, state: str) -> None:
        """Wait for that, and for the kernel."""
        self.screen.wait(lambda: self.has_ended(state), state)
        self.screen.wait(lambda: "kernel busy" not in self.screen.text, "an idle kernel")

    def kill(self, state: str) -> None:
        """K, once it is offered: where the cell has not ended before that."""
        self.screen.wait(lambda: "K kills the kernel" in self.screen.text or self.has_ended(state), "the offer of K")
        if self.has_ended(state):
            return
        self.look_at_panel()
        self.screen.press("K")
        self.screen.wait(lambda: self.has_ended(state) or QUESTION in self.screen.text, state)
        if QUESTION in self.screen.text:  # it had ended in that moment, and its kernel lives
            self.screen.press(ESCAPE)
            self.screen.wait(lambda: QUESTION not in self.screen.text, "the page")
