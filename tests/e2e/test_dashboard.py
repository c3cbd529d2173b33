"""The main job in a real terminal: plan, lesson, chain, training on the sample, and back again tomorrow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil

from terminal import PROGRAM, Terminal, all_gone, family

if TYPE_CHECKING:
    from pathlib import Path

ENTER, ESCAPE, DOWN, RIGHT = "\r", "\x1b", "\x1b[B", "\x1b[C"
CTRL_C, CTRL_L, SHIFT_TAB = "\x03", "\x0c", "\x1b[Z"

Open = Callable[..., Terminal]


def command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "--home", str(home), *arguments], capture_output=True, text=True, timeout=300, check=False
    )


def ticked(home: Path) -> list[str]:
    items = json.loads(command(home, "plan", "--json").stdout)["items"]
    return [item["id"] for item in items if item["done"]]


def to_item(screen: Terminal, number: int) -> None:
    """From Go on to an item of the plan, 1-based."""
    for _ in range(number):
        screen.press(DOWN)


def test_open_tick_run_see_the_chain_train_quit_and_open_again(terminal: Open, home: Path) -> None:
    screen = terminal("--lang", "en")
    screen.wait("Projects (MNIST / CIFAR-10)")
    assert len([line for line in screen.lines if "[ ]" in line]) == 7

    # tick the second item; it is on disk when it is shown
    to_item(screen, 2)
    screen.wait(lambda: any(line.startswith("▌  [ ] Tensor basics") for line in screen.lines), "the focus")
    screen.press(" ")
    screen.wait("[x] Tensor basics")
    assert ticked(home) == ["tensors"]

    # the third page of autograd: the notes' scalar backward
    screen.press(DOWN, ENTER)
    screen.wait("1 requires_grad and the graph")
    screen.press("n")
    screen.wait("2 grad_fn and what its name means")
    screen.press("n")
    screen.wait("3 Backward from a scalar")
    screen.press("a")
    screen.wait(lambda: "ran in" in screen.text or "raised" in screen.text, "cells that have run")
    screen.press("3")
    screen.wait("moved has no graph")  # the last cell has run, and says why
    screen.press("\t")  # the first question has the keys
    screen.wait("enter skip  esc to the cell")
    screen.press("2.25")
    screen.wait("enter answer, and run")
    screen.press(ENTER)
    screen.wait("2.25   ✓ right")
    screen.wait("came from")
    screen.wait("AccumulateGrad")
    names = [word for line in screen.lines for word in line.split() if word.endswith("Backward0")]
    assert names == ["MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0"]
    (leaf,) = [line for line in screen.lines if "AccumulateGrad" in line]
    assert leaf.split()[0] == "x"

    # train on the bundled sample, to the end
    screen.press("q")
    screen.wait("Learning plan")
    screen.press("w")
    screen.wait("Training runs")
    screen.press(ENTER)
    screen.wait("epoch 1")
    screen.wait("a sample of MNIST" if screen.screen.columns >= 100 else "images/s")
    screen.wait("finished")
    runs = json.loads(command(home, "runs", "--json").stdout)["runs"]
    assert [run["status"] for run in runs] == ["finished"]
    assert runs[0]["accuracy"] > 0.95

    # quit: the terminal is as it was, nothing is left behind
    processes = family(screen.pid)
    screen.press("q", "q")
    screen.wait("Learning plan")
    screen.press("q")
    assert screen.ended() == 0
    assert b"\x1b[?1049l" in screen.raw  # back from the alternate screen
    screen.wait(lambda: all_gone(processes), "the end of every process")

    # tomorrow
    again = terminal("--lang", "en")
    again.wait("[x] Tensor basics")
    again.wait("Go on")
    assert "Backward from a scalar" in again.text


def test_sigkill_of_the_dashboard_loses_no_tick_and_leaves_no_process(terminal: Open, home: Path) -> None:
    screen = terminal("--lang", "en")
    screen.wait("Projects (MNIST / CIFAR-10)")
    to_item(screen, 1)
    screen.press(" ")
    screen.wait("[x] Installation")
    screen.press("w")
    screen.wait("Training runs")
    screen.press(ENTER)
    screen.wait("live")  # a training run, which is to survive
    screen.press("q", "q")
    screen.wait("Learning plan")
    screen.press("\x1b[H", ENTER)  # the start page
    screen.wait("▌ In")
    screen.press("r")
    screen.wait("ran in")
    processes = list(family(screen.pid))
    assert len(processes) > 2, "the dashboard, its server, a kernel"
    run = json.loads(command(home, "runs", "--json").stdout)["runs"][0]
    os.kill(screen.pid, signal.SIGKILL)
    assert screen.ended() == -signal.SIGKILL
    screen.wait(lambda: all_gone(processes), "the end of every process")
    assert ticked(home) == ["setup"]
    if run["status"] == "running":
        assert psutil.pid_exists(run["pid"])
        command(home, "runs", "stop", run["id"])


def test_a_run_that_a_cell_started_survives_sigkill_and_stands_at_its_cell_again(terminal: Open, home: Path) -> None:
    def to_the_cell(screen: Terminal) -> None:
        screen.wait("Projects (MNIST / CIFAR-10)")
        to_item(screen, 7)
        screen.wait(lambda: any(line.startswith("▌  [ ] Projects") for line in screen.lines), "the focus")
        screen.press(ENTER)
        screen.wait("MNIST in 25 lines")
        screen.wait("▌ In")
        screen.press(SHIFT_TAB)
        screen.wait("▌ Run mnist")

    screen = terminal("--lang", "en")
    to_the_cell(screen)
    screen.press(ENTER)
    screen.wait("live · epoch")
    os.kill(screen.pid, signal.SIGKILL)
    assert screen.ended() == -signal.SIGKILL
    (run,) = json.loads(command(home, "runs", "--json").stdout)["runs"]
    assert run["status"] == "running"

    again = terminal("--lang", "en")
    to_the_cell(again)
    again.wait(lambda: "live · epoch" in again.text or "finished:" in again.text, "the run, at its cell")
    again.wait(run["id"])
    command(home, "runs", "stop", run["id"])
    again.wait(lambda: "stopped at step" in again.text or "finished:" in again.text, "its end")


def test_a_cell_in_c_code_is_killed_and_the_next_runs(terminal: Open) -> None:
    """`sum` over a range looks at no signal: ctrl+c can't end it, K does."""
    screen = terminal("--lang", "en")
    screen.wait("Projects (MNIST / CIFAR-10)")
    screen.press(ENTER)
    screen.wait("▌ In")
    screen.press(CTRL_C)
    screen.wait("nothing runs; q leaves")  # and the program is still there
    screen.press("e")
    screen.wait("ctrl+r run")
    screen.press("sum(range(10**12)) #", "\x12")
    screen.wait("running, 1 s")
    screen.press("2")
    screen.wait("No tensors yet.")  # the screen answers meanwhile
    screen.press(CTRL_C)
    screen.wait("K kills the kernel")
    screen.press("K")
    screen.wait("the kernel died")
    screen.press("u")
    screen.wait("Bring the author's text back?")
    screen.press("y")
    screen.wait(lambda: "sum(range" not in screen.text, "the author's text")
    screen.press("r")
    screen.wait("ran in")


def test_the_language_is_switched_in_place_and_remembered(terminal: Open) -> None:
    screen = terminal("--lang", "en")
    screen.wait("Learning plan")
    screen.press("L")
    screen.wait(lambda: "学习计划" in screen.text.replace(" ", ""), "Chinese")
    screen.press("L", "L")
    screen.press("q")
    screen.ended()
    again = terminal()
    again.wait(lambda: "学习计划" in again.text.replace(" ", ""), "Chinese, remembered")


def test_a_tick_made_in_another_shell_is_noticed(terminal: Open, home: Path) -> None:
    screen = terminal("--lang", "en")
    screen.wait("[ ] Autograd")
    assert command(home, "plan", "tick", "autograd").returncode == 0
    screen.wait("[x] Autograd")


def test_a_small_window_shows_a_notice_and_a_larger_one_goes_on(terminal: Open) -> None:
    screen = terminal("--lang", "en")
    screen.wait("Learning plan")
    screen.resize(60, 20)
    screen.wait("60×20 here")
    screen.resize(100, 30)
    screen.wait(lambda: "Learning plan" in screen.text and "needed" not in screen.text, "the plan again")


def test_a_closed_terminal_ends_the_dashboard_with_all_it_started(terminal: Open) -> None:
    screen = terminal("--lang", "en")
    screen.wait("✓")  # the server is up
    processes = family(screen.pid)
    assert len(processes) >= 2
    os.kill(screen.pid, signal.SIGHUP)
    screen.ended()
    screen.wait(lambda: all_gone(processes), "the end of every process")
    assert b"\x1b[?1049l" in screen.raw
