"""A training run goes on whatever becomes of those who watch it, and whoever opens it next sees all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui import events, runs
from terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONG = "1000000"  # epochs


@pytest.fixture
def run(home: Path) -> Iterator[str]:
    """The id of a run on the bundled sample that goes on until the test is over."""
    command = [PROGRAM, "--home", str(home), "train", "mnist", "--epochs", LONG, "--device", "cpu", "--threads", "1"]
    done = subprocess.run([*command, "--background", "--json"], capture_output=True, text=True, check=True)
    name = json.loads(done.stdout)["id"]
    yield name
    stop = [PROGRAM, "--home", str(home), "runs", "stop", name]
    assert subprocess.run(stop, capture_output=True, check=False).returncode == 0


def by_signal(number: signal.Signals) -> Callable[[Terminal], None]:
    def end(screen: Terminal) -> None:
        os.kill(screen.pid, number)
        screen.ended()

    return end


def by_closing(screen: Terminal) -> None:
    """The terminal's window is gone: the other end of its pty is closed."""
    os.close(screen.master)
    os.waitpid(screen.pid, 0)
    screen.pid, screen.master = 0, os.open(os.devnull, os.O_RDONLY)


ENDS = {"SIGHUP": by_signal(signal.SIGHUP), "SIGKILL": by_signal(signal.SIGKILL), "a closed pty": by_closing}


@pytest.mark.parametrize("how", ENDS)
def test_a_run_goes_on_when_its_viewer_ends_and_the_next_sees_its_whole_history(
    terminal: Callable[..., Terminal], home: Path, run: str, how: str
) -> None:
    folder = home / "runs" / run
    screen = terminal("--lang", "en", "attach", run)
    screen.wait("live")
    second = terminal("--lang", "en", "attach", run)
    second.wait("live")
    ENDS[how](screen)

    tail = runs.Tail(folder, runs.end_of(folder))
    found: list[events.AnyEvent] = []
    second.wait(lambda: found.extend(tail.read()) or any(isinstance(event, events.Eval) for event in found), "a score")
    assert runs.summary(folder).status == "running"
    second.wait("live")  # the other viewer has noticed nothing

    again = terminal("--lang", "en", "attach", run, columns=120, rows=40)
    again.wait("live")
    again.wait("epoch")
    first = next(event for event in runs.Tail(folder).read() if isinstance(event, events.Metric))
    assert first.step == 1  # its history begins with the first step, and so does the curve:
    again.wait(lambda: any(line.split()[:1] == ["0"] or " 0 " in line for line in again.lines), "the axis from 0")


@pytest.mark.parametrize("arguments", [("run", "start"), ("check", "autograd/grad-of-mean")])
def test_a_terminal_says_what_it_waits_for_and_takes_it_back(
    terminal: Callable[..., Terminal], arguments: tuple[str, ...]
) -> None:
    screen = terminal("--lang", "en", *arguments, rows=200)
    screen.wait("torch is loading")
    screen.ended()
    assert screen.text.strip() and "torch is loading" not in screen.text
