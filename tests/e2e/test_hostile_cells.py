"""Cells that loop, crash, flood and forge, one after the other in one dashboard: it stays whole, and the next runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import psutil
import pytest

from hostile import MEMORY, RAN, ROWS, Hostile
from learner import CTRL_C, CTRL_L, SHIFT_TAB, TAB, Learner
from terminal import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOASTS = ("it does not obey", "a fresh kernel", "nothing runs")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learner who has ticked one item."""
    folder = tmp_path_factory.mktemp("hostile") / "home"
    command(folder, "plan", "tick", "autograd")
    return folder


@pytest.fixture(scope="module")
def learner(home: Path) -> Iterator[Learner]:
    """One dashboard for all cells."""
    one = Learner(home, PTLEARN_MEMORY=str(MEMORY))
    yield one
    one.screen.close()


def command(home: Path, *arguments: str) -> str:
    return subprocess.run(
        [PROGRAM, "--home", str(home), *arguments], capture_output=True, text=True, timeout=300, check=True
    ).stdout


def ticked(home: Path) -> list[str]:
    items = json.loads(command(home, "plan", "--json"))["items"]
    return [item["id"] for item in items if item["done"]]


def processes_of(home: Path) -> list[psutil.Process]:
    """All that run in this environment: what a dashboard has started, and what that has, in whatever session."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PTLEARN_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:  # it has just ended, or is another user's
            pass
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_dashboard_stays_whole_and_the_next_cell_runs(learner: Learner, row: Hostile) -> None:
    screen, written = learner.screen, len(learner.screen.raw)
    learner.run(row.source)
    if row.stop:
        screen.wait(lambda: "kernel busy" in screen.text or learner.has_ended(row.state), "it runs")
    learner.look_at_panel()
    if row.stop:
        screen.wait(lambda: row.sign in learner.said, row.sign)
        screen.press(CTRL_C)
    if row.stop == "K":
        learner.kill(row.state)
    learner.ended(row.state)
    for text in row.shown:
        screen.wait(lambda text=text: text in learner.said, text)
    for number in (1, 2, 3, 4):  # whatever it made can be looked at
        learner.look_at_panel(number)

    learner.to_the_other(TAB)
    number = 7 + ROWS.index(row)
    learner.run(f"print('alive', 6 * {number})")
    screen.wait(f"alive {6 * number}")
    learner.ended(RAN)
    learner.to_the_other(SHIFT_TAB)

    # Nothing that a cell wrote has come to the terminal, and all on it is where it belongs: drawn anew, it is the same.
    assert not re.search(rb"\x1bc|\x1b\[2J|\x1b\]0;|\x1b\[\?1049l|\x9b2J", screen.raw[written:])
    screen.wait(lambda: not any(toast in screen.text for toast in TOASTS), "no toast")
    learner.quiet()
    assert "Train a small network" in screen.lines[0]
    assert screen.lines[0].replace(" ", "").endswith("L中文")
    assert screen.lines[-1].endswith("? keys")
    before = screen.text
    screen.screen.reset()
    screen.press(CTRL_L)
    screen.wait(lambda: screen.text == before, f"the same again:\n{before}")
    if row.tainted:
        screen.press("K")
        screen.wait("Kill the kernel?")
        screen.press("y")
        screen.wait("a fresh kernel")


def test_after_all_of_them_the_tick_is_there_and_no_process_is_left(learner: Learner, home: Path) -> None:
    assert len(processes_of(home)) > 2, "the dashboard, its server, kernels"
    learner.screen.press("q")
    learner.screen.wait("[x] Autograd")
    learner.screen.press("q")
    assert learner.screen.ended() == 0
    learner.screen.wait(lambda: not processes_of(home), "the end of every process")
    assert ticked(home) == ["autograd"]


@pytest.mark.parametrize("row", [row for row in ROWS if row.sign], ids=lambda row: row.name)
def test_sigkill_of_the_dashboard_in_the_midst_of_it_leaves_nothing(tmp_path: Path, row: Hostile) -> None:
    """The others are killed in `test_stop.py`, faster."""
    home = tmp_path / "home"
    command(home, "plan", "tick", "autograd")
    learner = Learner(home)
    learner.run(row.source)
    learner.screen.wait(lambda: row.sign in learner.said, row.sign)
    os.kill(learner.screen.pid, signal.SIGKILL)
    assert learner.screen.ended() == -signal.SIGKILL
    learner.screen.wait(lambda: not processes_of(home), "the end of every process")
    assert ticked(home) == ["autograd"]
    learner.screen.close()
