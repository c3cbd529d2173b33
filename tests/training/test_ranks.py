"""Runs of several processes, real ones: they learn as one does, agree on what to do, and end together."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import msgspec
import psutil
import pytest

from ptlearn_tui import events, runs
from ptlearn_tui.runs import Command
from ptlearn_tui.runs import folder as run_folder

from .conftest import is_end, losses, wait_for, wait_until_gone

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Starter

LONG = 1_000_000  # epochs


def finish(folder: Path) -> list[events.AnyEvent]:
    """All that a run tells, to its end."""
    found = wait_for(runs.Tail(folder), is_end)
    wait_until_gone(folder)
    return found


def is_loss(event: events.AnyEvent) -> bool:
    return isinstance(event, events.Metric) and event.name == "loss"


def form(found: list[events.AnyEvent]) -> list[tuple[str, list[str]]]:
    """The story without its numbers: kinds of events and their fields, losses and timings once."""
    story = []
    for event in found:
        record = msgspec.to_builtins(event)
        name = record.get("name", "") if isinstance(event, events.Metric) else ""
        entry = (f"{record['type']} {name}", sorted(record))
        if entry not in story or not isinstance(event, events.Metric | events.Timing):
            story.append(entry)
    return story


def test_two_ranks_learn_what_one_learns_and_tell_it_in_the_same_form(start: Starter) -> None:
    one, two = (finish(start(epochs=2, data=None, ranks=ranks, threads=1)) for ranks in (1, 2))
    scores = [[event.accuracy for event in found if isinstance(event, events.Eval)] for found in (one, two)]
    assert abs(scores[0][-1] - scores[1][-1]) <= 0.005
    assert min(scores[0][-1], scores[1][-1]) > 0.95
    assert form(two) == form(one)
    assert [event.ranks for event in (one[0], two[0]) if isinstance(event, events.Run)] == [1, 2]
    # Shared out and added up again, a batch gives nearly the same loss: they round otherwise.
    mine, theirs = losses(one), losses(two)
    assert list(mine) == list(theirs)
    assert [theirs[step] for step in range(1, 6)] == pytest.approx([mine[step] for step in range(1, 6)], rel=1e-3)


def test_ranks_agree_on_each_command_and_go_on_to_the_same_bits(start: Starter) -> None:
    options = {"epochs": 3, "ranks": 2, "threads": 1, "batch_size": 32}
    expected = losses(finish(start(**options)))

    folder = start(**options)
    tail = runs.Tail(folder)
    wait_for(tail, lambda event: isinstance(event, events.Run))

    def ask(command: Command, answer: type[events.Event]) -> list[events.AnyEvent]:
        assert runs.send(folder, command).ok
        return wait_for(tail, lambda event: isinstance(event, answer))

    notes = [event for event in ask(Command("pause"), events.Note) if isinstance(event, events.Note)]
    paused = notes[-1].step
    assert paused < 60
    assert list(losses(ask(Command("step"), events.Metric))) == [paused + 1]
    ask(Command("look"), events.Graph)
    ask(Command("samples"), events.Sample)
    ask(Command("checkpoint"), events.Checkpoint)
    assert runs.send(folder, Command("stop")).ok
    wait_for(tail, is_end)
    wait_until_gone(folder)
    assert runs.summary(folder).status == "stopped"

    runs.resume(folder.name)
    assert wait_for(tail, is_end)[-1].status == "finished"  # type: ignore[union-attr]
    wait_until_gone(folder)
    assert losses(runs.Tail(folder).read()) == expected


def family(pid: int) -> list[psutil.Process]:
    """A process and its children, the ranks in order."""
    parent = psutil.Process(pid)
    return [parent, *sorted(parent.children(recursive=True), key=lambda each: each.pid)]


@pytest.mark.parametrize(("victim", "why"), [(0, "launched it"), (1, "0 .*SIGKILL"), (2, "1 .*SIGKILL")])
def test_when_one_dies_the_run_has_failed_and_nobody_is_left(start: Starter, victim: int, why: str) -> None:
    folder = start(epochs=LONG, ranks=2)
    tail = runs.Tail(folder)
    wait_for(tail, is_loss)
    members = family(run_folder.owner(folder) or 0)
    assert len(members) == 3
    members[victim].send_signal(signal.SIGKILL)
    end = wait_for(tail, is_end)[-1]
    assert isinstance(end, events.End)
    assert end.status == "failed"
    assert re.search(why, end.message)
    gone, alive = psutil.wait_procs(members, timeout=30)
    assert (len(gone), alive) == (3, [])
    wait_until_gone(folder)
    assert runs.summary(folder).status == "failed"


def test_sigterm_to_the_launcher_is_a_wish_to_stop(start: Starter) -> None:
    folder = start(epochs=LONG, ranks=2)
    tail = runs.Tail(folder)
    wait_for(tail, is_loss)
    os.kill(run_folder.owner(folder) or 0, signal.SIGTERM)
    assert wait_for(tail, is_end)[-1].status == "stopped"  # type: ignore[union-attr]
    wait_until_gone(folder)
    assert (folder / "checkpoints" / "last.pt").exists()


def agent(number: int, port: int, small: Path, epochs: int) -> list[str]:
    """One of two machines' torchrun."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
    command += ["--node-rank", str(number), "--rdzv-backend", "c10d", "--rdzv-endpoint", f"127.0.0.1:{port}"]
    command += ["--rdzv-id", "test", "--local-addr", "127.0.0.1", "--monitor-interval", "0.1"]
    options = ["--epochs", str(epochs), "--device", "cpu", "--data", str(small)]
    return [*command, "-m", "ptlearn_tui.training", "mnist", *options]


def agents(stack: ExitStack, small: Path, epochs: int) -> list[subprocess.Popen[bytes]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
    started = []
    for number in range(2):
        command = agent(number, port, small, epochs)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.enter_context(process)
        stack.callback(process.kill)
        started.append(process)
    return started


def the_run(state: Path) -> Path:
    """The folder that rank 0 makes."""
    while not any((folder / "events.jsonl").exists() for folder in state.iterdir()):
        os.sched_yield()
    (folder,) = state.iterdir()
    return folder


def test_two_machines_train_together_by_torchrun(start: Starter, small: Path, state: Path) -> None:
    with ExitStack() as stack:
        started = agents(stack, small, 2)
        found = finish(the_run(state))
        assert [process.wait() for process in started] == [0, 0]
    assert found[-1].status == "finished"  # type: ignore[union-attr]
    assert sorted(losses(found)) == list(range(1, 21))
    assert isinstance(found[0], events.Run)
    assert found[0].ranks == 2


@pytest.mark.parametrize("victim", [0, 1])
def test_when_a_machine_is_lost_the_run_has_failed_and_nobody_is_left(
    start: Starter, small: Path, state: Path, victim: int
) -> None:
    with ExitStack() as stack:
        started = agents(stack, small, LONG)
        folder = the_run(state)
        tail = runs.Tail(folder)
        wait_for(tail, is_loss)
        members = [member for process in started for member in family(process.pid)]
        started[victim].kill()
        end = wait_for(tail, is_end)[-1]
        assert end.status == "failed"  # type: ignore[union-attr]
        ranks = [member for member in members if member.pid not in {process.pid for process in started}]
        assert len(ranks) == 2
        assert psutil.wait_procs(ranks, timeout=60)[1] == []
    wait_until_gone(folder)
    assert runs.summary(folder).status == "failed"
