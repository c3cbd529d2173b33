"""Real runs, each a process of its own."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from ptlearn_tui import events, runs
from ptlearn_tui.errors import RequestError
from ptlearn_tui.runs import Command
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.training import catalog

from .conftest import is_end, losses, wait_for, wait_until_gone

if TYPE_CHECKING:
    from .conftest import Starter

LONG = 1_000_000  # epochs: for ever, until the test stops it


def test_a_run_writes_its_story_in_order_and_finishes(start: Starter) -> None:
    folder = start(epochs=2, seed=5)
    assert runs.summary(folder).status == "running"
    found = wait_for(runs.Tail(folder), is_end)
    wait_until_gone(folder)

    run = found[0]
    assert isinstance(run, events.Run)
    assert (run.id, run.recipe, run.seed, run.device, run.steps_per_epoch) == (folder.name, "mnist", 5, "cpu", 10)
    assert run.data["kind"] == "full"
    assert run.versions["torch"]
    assert run.threads >= 1
    assert sorted(losses(found)) == list(range(1, 21))
    story = [type(event).__name__ for event in found if not isinstance(event, events.Metric | events.Timing)]
    assert story == [
        "Run",
        *("Eval", "Sample", "Checkpoint", "Checkpoint"),  # last, and best: the first epoch always is
        *("Eval", "Sample", "Checkpoint"),
        *(["Checkpoint"] if story.count("Checkpoint") == 4 else []),
        "End",
    ]
    assert found[-1].status == "finished"  # type: ignore[union-attr]
    times = [float(event.time) for event in found]  # type: ignore[arg-type]
    assert times == sorted(times)

    summary = runs.summary(folder)
    assert (summary.status, summary.epoch, summary.step, summary.pid) == ("finished", 2, 20, None)
    assert not (folder / "control.sock").exists()
    assert (folder / "log.txt").read_text() == ""


def test_viewers_pause_step_set_the_rate_go_on_and_stop(start: Starter) -> None:
    folder = start(epochs=LONG)
    tail = runs.Tail(folder)
    wait_for(tail, lambda event: isinstance(event, events.Metric))

    def ask(command: Command, action: str) -> events.Note:
        assert runs.send(folder, command).ok
        found = wait_for(tail, lambda event: isinstance(event, events.Note) and event.action == action)
        return next(event for event in reversed(found) if isinstance(event, events.Note))

    paused = ask(Command("pause", by="alice"), "pause")
    assert paused.text == "alice"
    assert runs.summary(folder).status == "paused"
    runs.send(folder, Command("step"))
    found = wait_for(tail, lambda event: isinstance(event, events.Metric) and event.name == "loss")
    assert list(losses(found)) == [paused.step + 1]
    assert ask(Command("rate", value=1e-4), "rate").step == paused.step + 1
    assert ask(Command("go on"), "go on").step == paused.step + 1
    assert runs.summary(folder).status == "running"
    wait_for(tail, lambda event: isinstance(event, events.Metric) and event.step > paused.step + 1)

    runs.stop(folder)
    end = wait_for(tail, is_end)[-1]
    assert isinstance(end, events.End)
    assert end.status == "stopped"
    wait_until_gone(folder)
    assert runs.summary(folder).status == "stopped"
    assert (folder / "checkpoints" / "last.pt").exists()
    runs.remove(folder)
    assert not folder.exists()


def test_a_killed_run_is_lost_and_goes_on_to_the_same_end(start: Starter, small: Path) -> None:
    folder = start(epochs=8, seed=1)
    tail = runs.Tail(folder)
    wait_for(tail, lambda event: isinstance(event, events.Checkpoint))
    pid = run_folder.owner(folder)
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(folder)
    if runs.summary(folder).status == "finished":
        pytest.skip("the run was faster than the kill")
    assert runs.summary(folder).status == "lost"

    tail = runs.Tail(folder, runs.end_of(folder))
    assert runs.resume(folder.name) == folder
    again = wait_for(tail, is_end)
    wait_until_gone(folder)
    assert isinstance(again[0], events.Run)
    assert [event.action for event in again if isinstance(event, events.Note)] == ["resume"]
    assert runs.summary(folder).status == "finished"

    whole = start(epochs=8, seed=1)
    expected = losses(wait_for(runs.Tail(whole), is_end))
    assert losses(runs.Tail(folder).read()) == expected


STARTER = """
import sys
from ptlearn_tui import runs
from ptlearn_tui.training import catalog
print(runs.start(catalog.request("mnist", epochs=1_000_000, data=sys.argv[1], device="cpu")), flush=True)
sys.stdin.read()
"""


def test_a_run_survives_whoever_started_it_and_their_terminal(start: Starter, small: Path, state: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(small)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout
        folder = state / starter.stdout.readline().strip().rpartition("/")[2]
        pid = run_folder.owner(folder)
        assert pid
        assert os.getsid(pid) not in (os.getsid(0), starter.pid)  # no hang-up reaches it
        starter.kill()
        starter.wait()
    tail = runs.Tail(folder, runs.end_of(folder))
    wait_for(tail, lambda event: isinstance(event, events.Metric))  # it goes on
    assert run_folder.owner(folder) == pid
    os.kill(pid, signal.SIGTERM)  # as a shutdown does
    end = wait_for(tail, is_end)[-1]
    assert end.status == "stopped"  # type: ignore[union-attr]


def test_a_request_that_is_refused_leaves_no_folder(start: Starter, state: Path, small: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(small, tmp_path / "broken")
    images = broken / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    content = bytearray(images.read_bytes())
    content[len(content) // 2] ^= 1
    images.write_bytes(content)
    with pytest.raises(RequestError, match="get it anew"):
        start(data=str(broken))
    with pytest.raises(RequestError, match=r"cuda:63 is not there"):
        start(device="cuda:63")
    with pytest.raises(RequestError, match="float16 needs a CUDA device"):
        start("mnist-fast", precision="float16", device="auto" if not torch.cuda.is_available() else "cpu")
    assert list(state.iterdir()) == []


FULL_DISK = """
import json, os, sys
from pathlib import Path
from ptlearn_tui.cli import main
status = main(["train", "mnist", "--epochs", "1", "--device", "cpu", "--data", sys.argv[1], "--json"])
sys.exit(status)
"""


def train_on_a_disk_of(size: str, small: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    home = tmp_path / "tiny"
    home.mkdir()
    script = f'mount -t tmpfs -o size={size} none "{home}" && exec "$0" -c "$1" "$2"'
    unshare = [shutil.which("unshare") or "", "--user", "--map-root-user", "--mount"]
    if not unshare[0] or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    command = [*unshare, "sh", "-c", script, sys.executable, FULL_DISK, str(small)]
    environment = {**os.environ, "PTLEARN_HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("size", ["40k", "400k"])  # too small for the log, and for the checkpoint
def test_a_full_disk_ends_the_run_with_a_clear_word(small: Path, tmp_path: Path, size: str) -> None:
    done = train_on_a_disk_of(size, small, tmp_path)
    assert done.returncode == 1, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["type"], last["status"]) == ("end", "failed")
    assert "the disk is full" in last["message"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("size", ["4k", "12k"])  # too small for what is asked, and for the log to begin
def test_a_run_that_a_full_disk_keeps_from_starting_says_so_in_a_line(small: Path, tmp_path: Path, size: str) -> None:
    done = train_on_a_disk_of(size, small, tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "the disk is full" in line
    assert line.endswith("free some space, then start the run again")


def test_a_bug_in_a_run_is_told_in_a_line_and_kept_whole(start: Starter, state: Path) -> None:
    request = catalog.request("notes", device="cpu")
    folder = runs.start(
        type(request)(**{**{f: getattr(request, f) for f in request.__struct_fields__}, "config": {"wrong": 1}})
    )
    end = wait_for(runs.Tail(folder), is_end)[-1]
    assert isinstance(end, events.End)
    assert (end.status, "\n" in end.message) == ("failed", False)
    assert "TypeError" in end.message
    assert "Traceback" in (folder / "log.txt").read_text()


def test_five_killed_runs_end_with_exactly_the_weights_of_one_that_was_not(start: Starter) -> None:
    def weights(folder: Path) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = torch.load(folder / "checkpoints" / "last.pt", weights_only=True)["model"]
        return state

    options = {"recipe": "mnist-fast", "epochs": 12, "batch_size": 16, "seed": 3}  # 480 steps, with moved pictures
    whole = start(**options)
    wait_for(runs.Tail(whole), is_end)
    moments = random.Random(5).sample(range(45, 400), 5)
    for moment in moments:
        folder = start(**options)
        tail = runs.Tail(folder)

        def far_enough(event: events.AnyEvent, moment: int = moment) -> bool:
            return isinstance(event, events.Metric) and event.step >= moment

        wait_for(tail, far_enough)
        os.kill(run_folder.owner(folder) or 0, signal.SIGKILL)
        wait_until_gone(folder)
        assert runs.summary(folder).status == "lost"
        runs.resume(folder.name)
        assert wait_for(tail, is_end)[-1].status == "finished"  # type: ignore[union-attr]
        wait_until_gone(folder)
        mine, theirs = weights(folder), weights(whole)
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
        assert losses(runs.Tail(folder).read()) == losses(runs.Tail(whole).read())


READ_ONLY = """
import json, os, subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from ptlearn_tui import events, runs
from ptlearn_tui.training import catalog
from training.conftest import is_end, wait_for
folder = runs.start(catalog.request("mnist", epochs=1_000_000, device="cpu", data=sys.argv[1]))
tail = runs.Tail(folder)
wait_for(tail, lambda event: isinstance(event, events.Checkpoint))
home = os.environ["PTLEARN_HOME"]
subprocess.run(["mount", "--bind", home, home], check=True)
subprocess.run(["mount", "-o", "remount,bind,ro", home], check=True)
end = wait_for(tail, is_end)[-1]
subprocess.run(["umount", home], check=True)
print(json.dumps([end.status, end.message, (folder / "checkpoints" / "last.pt").stat().st_size, str(folder)]))
"""


def test_a_home_that_becomes_read_only_ends_the_run_with_a_clear_word(small: Path, tmp_path: Path) -> None:
    unshare = [shutil.which("unshare") or "", "--user", "--map-root-user", "--mount"]
    if not unshare[0] or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    command = [*unshare, sys.executable, "-c", READ_ONLY, str(small), str(Path(__file__).parents[1])]
    environment = {**os.environ, "PTLEARN_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    status, message, _, folder = json.loads(done.stdout)
    assert status == "failed"
    assert "can't be written any more (Read-only file system)" in message
    torch.load(Path(folder) / "checkpoints" / "last.pt", weights_only=True)  # whole, and as it was


def test_data_that_vanishes_is_missed_by_nobody_until_the_run_is_resumed(
    start: Starter, small: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(small, tmp_path / "data")
    folder = start(epochs=LONG, data=str(data))
    tail = runs.Tail(folder)
    wait_for(tail, lambda event: isinstance(event, events.Eval))
    shutil.rmtree(data)
    wait_for(tail, lambda event: isinstance(event, events.Eval))  # it was read whole, before the first step
    runs.stop(folder)
    wait_for(tail, is_end)
    wait_until_gone(folder)
    with pytest.raises(RequestError, match="data get mnist"):
        runs.resume(folder.name)
    assert runs.summary(folder).status == "stopped"
    torch.load(folder / "checkpoints" / "last.pt", weights_only=True)
    shutil.copytree(small, data)
    assert runs.resume(folder.name) == folder
