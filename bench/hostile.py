"""How the screen and the next cell fare while a cell does its worst: `python bench/hostile.py [presses] [name …]`.

Every row of `tests/hostile.py` in the real program, in a pseudo-terminal of 80×24. For each: how long a key press waits
for its effect on the screen while it runs, and how long it is from the learner's stop (ctrl+c, or K where that has no
effect) to the output of the next cell; where the cell ends by itself, from its end. Wanted: at most 100 ms for any key,
at most 1 s to the next cell.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from hostile import MEMORY, ROWS, Hostile
from keys import on_a_page
from learner import CTRL_C, SHIFT_TAB, TAB, Learner

NEXT = "import time; print('alive', time.monotonic())"
OFFER = "K kills the kernel"
MOST = 40.0  # seconds that a cell which ends by itself is watched


def pressed(learner: Learner, row: Hostile, presses: int) -> list[float]:
    """Milliseconds of key presses while the cell runs; of two at least, where it has ended before."""
    times: list[float] = []
    until = time.monotonic() + MOST
    while True:
        times += on_a_page(learner.screen, 2)
        over = learner.has_ended(row.state) or time.monotonic() > until
        if over or (row.stop and len(times) >= presses and row.sign in learner.said):
            return times


def next_output(learner: Learner, row: Hostile) -> tuple[float, list[float]]:
    """Seconds from the stop to the next cell's output; and what keys took while ctrl+c had no effect."""
    screen, times = learner.screen, list[float]()
    screen.wait(lambda: OFFER not in screen.text, "the end of an earlier row's message")
    began = time.monotonic()
    if row.stop and not learner.has_ended(row.state):
        screen.press(CTRL_C)
        if row.stop == "K":
            while not (OFFER in screen.text or learner.has_ended(row.state)):
                times += on_a_page(screen, 2)
            began = time.monotonic()
            screen.press("K")
    screen.wait(lambda: learner.has_ended(row.state), row.state)
    learner.to_the_other(TAB)
    screen.press("r")
    learner.runs += 1

    def alive() -> bool:
        found = re.search(r"alive ([\d.]+)", learner.said)
        return found is not None and float(found[1]) > began

    screen.wait(alive, "the next cell's output")
    return time.monotonic() - began, times


def main() -> None:
    """One line a row, the worst of all last."""
    arguments = sys.argv[1:]
    presses = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else 20
    rows = [row for row in ROWS if not arguments or row.name in arguments]
    print(f"{'80×24, load ' + format(os.getloadavg()[0], '.1f'):56} presses   median    worst   next cell")
    worst = slowest = 0.0
    with tempfile.TemporaryDirectory() as home:
        learner = Learner(Path(home), rows=24, PTLEARN_MEMORY=str(MEMORY))
        learner.run("print(1)")
        learner.to_the_other(TAB)
        learner.run(NEXT)
        learner.screen.wait("alive ")
        learner.to_the_other(SHIFT_TAB)
        calm = on_a_page(learner.screen, presses)
        print(f"{'(no cell runs)':56} {len(calm):7} {median(calm):5.0f} ms {max(calm):5.0f} ms")
        for row in rows:
            learner.run(row.source)
            times = pressed(learner, row, presses)
            seconds, more = next_output(learner, row)
            times += more
            worst, slowest = max(worst, *times), max(slowest, seconds)
            stop = row.stop or "its end"
            print(
                f"{row.name:56} {len(times):7} {median(times):5.0f} ms {max(times):5.0f} ms   "
                f"{seconds:5.2f} s from {stop}",
                flush=True,
            )
            learner.to_the_other(SHIFT_TAB)
            if row.tainted:
                learner.screen.press("K", "y")
                learner.screen.wait("a fresh kernel")
        learner.screen.close()
    print(f"{'the worst of all':56}         (wanted: 100) {worst:4.0f} ms   {slowest:5.2f} s (wanted: 1)")


if __name__ == "__main__":
    main()
