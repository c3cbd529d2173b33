"""Somebody's notes in the shell: run, listed, ticked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = str(Path(sys.executable).with_name("ptlearn-tui"))
NOTES = Path(__file__).parent / "course" / "notes" / "pytorch-notes.md"


def command(*words: object) -> subprocess.CompletedProcess[str]:
    words = tuple(map(str, words))
    return subprocess.run(
        [PROGRAM, *words], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the notes, untouched, made when they ran."""
    home = tmp_path_factory.mktemp("home")
    done = command("run", NOTES, "--json", "--home", home)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_notes_run_as_they_are(ran: list[dict[str, Any]]) -> None:
    assert [(event["cell"], event["ok"]) for event in ran if event["type"] == "done"] == [
        (number, True) for number in range(4)
    ]


def test_a_name_that_is_bound_seven_times_is_seven_lines(ran: list[dict[str, Any]]) -> None:
    lines = [event for event in ran if event["type"] == "line" and event["cell"] == 0]
    assert [(event["line"], event["name"], event["shape"]) for event in lines] == [
        *((line, "x", [5, 3]) for line in (2, 5, 8, 10)),
        (12, "x", [2]),
        *((line, "x", [5, 3]) for line in (15, 17)),
    ]


def test_every_line_that_makes_a_tensor_shows_its_shape(ran: list[dict[str, Any]]) -> None:
    shown = {
        (event["cell"], event["line"]) for event in ran if event["type"] == "line" and event.get("shape") is not None
    }
    source = [
        (cell, number, line.strip())
        for cell, text in enumerate(NOTES.read_text("utf-8").split("```python\n")[1:])
        for number, line in enumerate(text.split("```")[0].split("\n"), 1)
    ]
    makes = (
        *("x = ", "y = ", "z = ", "v = ", "out = z", "inputs = ", "targets = ", "outputs = ", "loss = "),
        "x.grad",
    )
    wanted = {(cell, number) for cell, number, line in source if line.startswith(makes)}
    assert len(wanted) > 25
    assert wanted <= shown


def test_the_chain_of_out_is_the_notes_own(ran: list[dict[str, Any]]) -> None:
    graphs = [event for event in ran if event["type"] == "graph" and event["root"] == "out"]
    assert [node["name"] for node in graphs[-1]["nodes"]] == [
        *("MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0", "AccumulateGrad")
    ]
    assert graphs[-1]["nodes"][-1]["variable"] == "x"


def test_the_loop_prints_five_lines_and_plots_five_losses(ran: list[dict[str, Any]]) -> None:
    printed = "".join(event["text"] for event in ran if event["type"] == "stdout" and event["cell"] == 3)
    assert [line.split(":")[0] for line in printed.splitlines()] == [f"Epoch {n}, Loss" for n in range(1, 6)]
    losses = [event["value"] for event in ran if event["type"] == "metric"]
    assert [f"{loss:.4f}" for loss in losses] == [line.split()[-1] for line in printed.splitlines()]


def test_without_the_prelude_they_fail_at_their_first_line() -> None:
    done = command("run", NOTES, "--no-prelude")
    assert done.returncode == 1
    assert "NameError: name 'torch' is not defined" in done.stderr


def test_the_plan_of_notes_is_listed_and_ticked(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_bytes(NOTES.read_bytes())
    listed = json.loads(command("plan", path, "--json").stdout)["items"]
    assert len(listed) == 7
    assert not any(item["done"] for item in listed)
    assert command("plan", "tick", listed[1]["id"], path).returncode == 0
    assert command("plan", "tick", "3", path).returncode == 0
    after = json.loads(command("plan", path, "--json").stdout)["items"]
    assert [item["done"] for item in after] == [False, True, True, *[False] * 4]
    assert command("plan", "untick", "Tensor 基础", path).returncode == 0
    assert command("plan", "untick", "3", path).returncode == 0
    assert path.read_bytes() == NOTES.read_bytes()
    refused = command("plan", "tick", "nothing", path)
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1


def test_control_sequences_of_a_file_never_reach_the_shell(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2Jb.md"
    path.write_text("- [ ] one \x1b]0;title\x07 \u202e two\n\n```python\n1\n```\n", "utf-8")
    for words in (
        ("plan", path),
        ("plan", "tick", "none", path),
        ("run", path),
        ("run", tmp_path),
        ("run", f"{path}x"),
    ):
        done = command(*words)
        assert not set(done.stdout + done.stderr) & set("\x1b\x07\u202e"), words
