"""How long a key press waits for its answer on the screen, while the machine is busy: `python bench/keys.py [presses]`.

In a pseudo-terminal of 80×24: while torch loads, while a cell runs `sum(range(10**10))`, while MNIST is trained.
Wanted: never more than 100 ms.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

DOWN, UP = "\x1b[B", "\x1b[A"


def milliseconds(screen: Terminal, key: str, answered: Callable[[], bool]) -> float:
    """From the key press until the screen shows its effect."""
    began = time.perf_counter()
    screen.press(key)
    while not answered():
        screen.read(0.5)
    return 1000 * (time.perf_counter() - began)


def focus(screen: Terminal) -> int:
    """The line that has the bar."""
    return next((at for at, line in enumerate(screen.lines) if line.startswith("▌")), -1)


def on_the_plan(screen: Terminal, presses: int) -> list[float]:
    """Down and up."""
    times = []
    for index in range(presses):
        at = focus(screen)
        times.append(milliseconds(screen, (DOWN, UP)[index % 2], lambda at=at: focus(screen) not in (at, -1)))
    return times


def on_a_page(screen: Terminal, presses: int) -> list[float]:
    """A panel is opened and closed."""
    times = []
    for index in range(presses):
        is_open = index % 2 == 0
        times.append(milliseconds(screen, "2", lambda is_open=is_open: ("1 Output" in screen.text) == is_open))
    return times


def on_a_run(screen: Terminal, presses: int) -> list[float]:
    """The other axis, and back."""
    times = []
    for index in range(presses):
        word = ("linear", "log")[index % 2]
        times.append(milliseconds(screen, "g", lambda word=word: f"Loss {word}" in screen.text))
    return times


def report(name: str, times: list[float]) -> None:
    """One line."""
    ordered = sorted(times)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    print(f"{name:34} median {median(times):5.1f} ms   95 % {p95:5.1f} ms   worst {ordered[-1]:5.1f} ms")


def main() -> None:
    """Three situations."""
    presses = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as home:
        os.environ["PTLEARN_HOME"] = home
        screen = Terminal("--lang", "en")
        screen.wait("Projects (MNIST")
        report("while torch loads", on_the_plan(screen, presses))
        screen.wait("✓")
        screen.close()

        screen = Terminal("--lang", "en")
        screen.wait("✓")
        screen.press("\r")
        screen.wait("▌ In")
        screen.press("e")
        screen.wait("ctrl+r run")
        screen.press("\x1b[1;2F", "sum(range(10**10)) #")  # before what stands there
        screen.press("\x12")
        screen.wait("running, 1 s")
        report("while sum(range(10**10)) runs", on_a_page(screen, presses))
        screen.press("K", "y")
        screen.press("q")
        screen.wait("Learning plan")
        screen.press("w")
        screen.wait("Training runs")
        screen.press("\r")
        screen.wait("live")
        screen.wait("train")
        report("while a run trains", on_a_run(screen, presses))
        screen.press("q", "q")
        screen.wait("Learning plan")
        report("on the plan, while a run trains", on_the_plan(screen, presses))
        screen.close()


if __name__ == "__main__":
    main()
