"""`train`, `runs` and `data` as a user types them."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ptlearn_tui import events, runs
from ptlearn_tui.cli import main

from .conftest import losses, wait_for, wait_until_gone

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Starter

COMMAND = [sys.executable, "-c", "import sys; from ptlearn_tui.cli import main; sys.exit(main())"]


def strict(line: str) -> Any:
    """Strict JSON: no NaN, no Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(line, parse_constant=refuse)


def test_train_prints_the_events_as_json_and_the_end_last(small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["train", "mnist", "--epochs", "1", "--batch-size", "32", "--lr", "0.01", "--seed", "4"]
    assert main([*command, "--device", "cpu", "--data", str(small), "--json"]) == 0
    found = [strict(line) for line in capfd.readouterr().out.splitlines()]
    assert found[0]["type"] == "run"
    assert found[0]["config"].items() >= {"epochs": 1, "batch_size": 32, "lr": 0.01}.items()
    assert found[0]["seed"] == 4
    assert [event["type"] for event in found].count("end") == 1
    assert (found[-1]["type"], found[-1]["status"]) == ("end", "finished")
    assert [event["step"] for event in found if event["type"] == "metric" and event["name"] == "loss"] == [
        *range(1, 21)
    ]

    assert main(["runs", "--json"]) == 0
    (row,) = strict(capfd.readouterr().out)["runs"]
    assert set(row) == {"id", "recipe", "status", "epoch", "step", "accuracy", "started", "pid"}
    assert (row["id"], row["status"], row["epoch"], row["step"]) == (found[0]["id"], "finished", 1, 20)
    assert row["accuracy"] == next(event["accuracy"] for event in found if event["type"] == "eval")

    assert main(["runs", "show", row["id"], "--json"]) == 0
    assert strict(capfd.readouterr().out)["evals"][0]["accuracy"] == row["accuracy"]
    assert main(["runs", "show", row["id"]]) == 0
    assert "finished" in capfd.readouterr().out
    assert main(["runs", "rm", row["id"]]) == 0
    capfd.readouterr()
    assert main(["runs", "--json"]) == 0
    assert strict(capfd.readouterr().out) == {"runs": []}


def test_train_says_what_it_trains_on_and_how_each_epoch_went(small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "mnist", "--epochs", "2", "--device", "cpu", "--data", str(small)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert "all of MNIST, 640 images" in lines[0]
    assert [line.split("   ")[0] for line in lines[1:3]] == ["epoch 1", "epoch 2"]
    assert lines[-1].startswith("finished")
    assert "\x1b" not in "".join(lines)  # no drawing where there is no terminal


@pytest.mark.parametrize(
    "words",
    [
        ["train"],
        ["train", "imagenet"],
        ["train", "mnist", "--lr", "0"],
        ["train", "mnist", "--lr", "nan"],
        ["train", "mnist", "--epochs", "0"],
        ["train", "mnist", "--batch-size", "20000"],
        ["train", "mnist", "--device", "tpu"],
        ["train", "mnist", "--data", "/nothing/here"],
        ["train", "mnist", "--nproc", "3"],
        ["train", "mnist", "--precision", "float16"],
        ["train", "mnist-fast", "--precision", "float16", "--device", "cpu"],
        ["train", "cifar10", "--label-smoothing", "2"],
        ["train", "notes", "--clip", "1"],
        ["train", "mnist", "--loader", "disk"],
        ["train", "--resume", "mnist-0101"],
        ["train", "mnist", "--resume", "mnist-0101"],
        ["runs", "show", "mnist-0101"],
        ["runs", "stop"],
        ["data", "get", "imagenet"],
        ["data", "get"],
        ["data", "--from", "."],
        ["data", "get", "mnist", "--from", "nowhere"],
    ],
    ids=" ".join,
)
def test_a_wrong_request_is_one_line_and_leaves_nothing(
    words: list[str], state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    written = capfd.readouterr()
    assert written.out == ""
    assert len(written.err.splitlines()) == 1
    assert list(state.iterdir()) == []


def test_a_run_in_the_background_is_named_and_can_be_stopped_and_resumed(
    start: Starter, small: Path, state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "mnist", "--epochs", "1000000", "--device", "cpu", "--data", str(small)]
    assert main([*command, "--background", "--json"]) == 0
    (line,) = capfd.readouterr().out.splitlines()
    run = strict(line)
    assert run["type"] == "run"
    assert main(["runs", "rm", run["id"]]) == 2  # it runs
    assert main(["train", "--resume", run["id"]]) == 2
    capfd.readouterr()
    assert main(["runs", "stop", run["id"], "--json"]) == 0
    assert strict(capfd.readouterr().out)["status"] == "stopped"
    wait_until_gone(state / run["id"])

    assert main(["train", "--resume", run["id"], "--background"]) == 0
    assert run["id"] in capfd.readouterr().out
    assert runs.summary(state / run["id"]).status == "running"


def test_ctrl_c_stops_the_run_cleanly(start: Starter, small: Path, state: Path) -> None:
    command = [*COMMAND, "train", "mnist", "--epochs", "1000000", "--device", "cpu", "--data", str(small), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = []
        for line in process.stdout:
            found.append(strict(line))
            if found[-1]["type"] == "eval" and found[-1]["epoch"] == 1:
                process.send_signal(signal.SIGINT)
        assert process.wait() == 1
    assert found[-1]["type"] == "end"
    assert found[-1]["status"] == "stopped"
    (folder,) = state.iterdir()
    assert runs.summary(folder).status == "stopped"


def test_a_run_that_was_killed_is_reported_as_failed(start: Starter, small: Path, state: Path) -> None:
    command = [*COMMAND, "train", "mnist", "--epochs", "1000000", "--device", "cpu", "--data", str(small), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = []
        for line in process.stdout:
            found.append(strict(line))
            if found[-1]["type"] == "run":
                (folder,) = state.iterdir()
                os.kill(runs.summary(folder).pid or 0, signal.SIGKILL)
        assert process.wait() == 1
    assert (found[-1]["type"], found[-1]["status"]) == ("end", "failed")
    assert "log.txt" in found[-1]["message"]
    assert runs.summary(folder).status == "lost"


def test_a_run_is_exported_while_it_lives_when_it_is_lost_and_when_it_went_on(
    start: Starter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def exported() -> list[dict[str, str]]:
        assert main(["export", folder.name, "--to", "csv", "-o", str(tmp_path / "x.csv"), "--force"]) == 0
        with (tmp_path / "x.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    folder = start(epochs=1_000_000)
    tail = runs.Tail(folder)
    found = wait_for(tail, lambda event: isinstance(event, events.Eval) and event.epoch == 2)
    alive = exported()
    assert alive[0].keys() == {"time", "step", "epoch", "name", "value"}
    os.kill(runs.summary(folder).pid or 0, signal.SIGKILL)
    wait_until_gone(folder)
    found += tail.read()
    lost = exported()
    assert lost[: len(alive)] == alive
    assert {int(row["step"]): float(row["value"]) for row in lost if row["name"] == "loss"} == losses(found)
    assert [row["epoch"] for row in lost if row["name"] == "loss" and 10 < int(row["step"]) <= 20] == ["2"] * 10

    tail = runs.Tail(runs.resume(folder.name), runs.end_of(folder))
    again = wait_for(tail, lambda event: isinstance(event, events.Note))
    back = next(event.step for event in again if isinstance(event, events.Note))
    assert main(["runs", "stop", folder.name]) == 0
    wait_until_gone(folder)
    rows = exported()
    steps = [int(row["step"]) for row in rows if row["name"] == "loss"]
    assert steps == [*range(1, len(steps) + 1)]
    assert len(steps) >= back
    times = [float(row["time"]) for row in rows if row["name"] == "loss"]
    assert times == sorted(times)
    assert all(math.isfinite(float(row["value"])) for row in rows)
    assert [row for row in rows if int(row["step"]) <= back] == [row for row in lost if int(row["step"]) <= back]


def test_the_recipes_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--list", "--json"]) == 0
    recipes = strict(capfd.readouterr().out)["recipes"]
    names = ["mnist", "mnist-fast", "fashion", "cifar10", "cifar10-resnet", "cifar10-fast", "notes"]
    assert [recipe["name"] for recipe in recipes] == names
    assert main(["train", "--list"]) == 0
    assert "mnist" in capfd.readouterr().out


def test_data_calls_a_sample_a_sample_and_names_the_command_for_the_rest(
    small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "--json"]) == 0
    rows = {row["name"]: row for row in strict(capfd.readouterr().out)["sets"]}
    row = rows["mnist"]
    assert (row["kind"], row["train"], row["get"]) == ("sample", 10_000, "ptlearn-tui data get mnist")
    assert rows["cifar10"]["kind"] == rows["fashion"]["kind"] == "synthetic"
    assert rows["cifar10"]["folder"] is None
    assert main(["data"]) == 0
    assert "sample" in capfd.readouterr().out
    assert main(["data", "--json", "--data", str(small)]) == 0
    row = next(row for row in strict(capfd.readouterr().out)["sets"] if row["name"] == "mnist")
    assert (row["kind"], row["train"], row["get"]) == ("full", 640, None)
    assert main(["data", "get", "mnist", "--data", str(small)]) == 0  # there already: nothing is fetched
    assert str(small) in capfd.readouterr().out


def test_a_download_that_finds_no_server_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    target = tmp_path / "data"
    assert main(["data", "get", "mnist", "--from", f"http://127.0.0.1:{port}/mnist", "--data", str(target)]) == 1
    line = capfd.readouterr().err.strip()
    assert "could not be downloaded" in line
    assert len(line.splitlines()) == 1
    assert list(target.iterdir()) == []
