"""How soon a new dashboard shows a run with its whole history: `python bench/viewer.py [rounds] [epochs]`.

The log is that of all of MNIST in batches of 64: 938 losses an epoch, a score, twelve pictures. From the start of the
process to the curve, in a pseudo-terminal of 120×40, beside a bare Textual app that says hello, in turns. Wanted: the
curve at most 1 s after the program has opened.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from first_screen import HELLO, seconds_until
from ptlearn_tui import events
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.write import Log
from terminal import Terminal

STEPS = 938


def loss(step: int) -> events.Metric:
    return events.Metric(time=step / 100, name="loss", step=step, value=2.3 / math.sqrt(step))


def history(epochs: int) -> str:
    """Write the run; its id."""
    config = {"epochs": epochs, "batch_size": 64, "lr": 0.008}
    request = run_folder.Request(recipe="mnist", config=config, seed=0, device="cpu", data="sample")
    folder = run_folder.create(request)
    (folder / "lock").touch()
    log = Log(folder)
    about = {"name": "mnist", "kind": "full", "train": 60_000, "test": 10_000, "path": None}
    run = events.Run(
        time=0.0, id=folder.name, recipe="mnist", config=config, seed=0, device="cpu", versions={}, data=about,
        steps_per_epoch=STEPS,
    )  # fmt: skip
    log.write(run)
    picture = events.Picture(pixels=[[128] * 28] * 28, target="3", prediction="5", probability=0.9)
    for epoch in range(1, epochs + 1):
        steps = range((epoch - 1) * STEPS + 1, epoch * STEPS + 1)
        log.write(*(loss(step) for step in steps))
        now = epoch * STEPS / 100
        log.write(
            events.Eval(time=now, epoch=epoch, split="test", loss=0.1, accuracy=0.97),
            events.Sample(time=now, epoch=epoch, wrong=300, pictures=[picture] * 12),
        )
    log.last_word(events.End(time=now, status="finished", seconds=now))
    return folder.name


def until_the_curve(run: str) -> float:
    """Seconds from the start of the process; the curve is braille."""
    began = time.perf_counter()
    screen = Terminal("--lang", "en", "attach", run, columns=120, rows=40)
    try:
        screen.wait(lambda: sum("\u2801" <= letter <= "\u28ff" for letter in screen.text) > 40, "the curve")
        return time.perf_counter() - began
    finally:
        screen.close()


def main(rounds: int, epochs: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["PTLEARN_HOME"] = home
        run = history(epochs)
        size = run_folder.events_file(run_folder.find(run)).stat().st_size
        until_the_curve(run)  # fills the page cache
        bare, curve = [], []
        for _ in range(rounds):
            bare.append(seconds_until([sys.executable, "-c", HELLO], b"hello", home))
            curve.append(until_the_curve(run))
    print(f"bare Textual app      {median(bare):.2f} s")
    log = f"{epochs} epochs, {size / 1e6:.0f} MB"
    print(f"the run's curve       {median(curve):.2f} s, worst {max(curve):.2f} s   ({log})")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*given, *(7, 30)[len(given) :])
