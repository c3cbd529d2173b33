"""`ptlearn-tui run` and `plan` on people's own notes: as a script or a shell meets them."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

NOTES = Path(__file__).with_name("course") / "notes"
PATIENCE = 120.0  # seconds before a command that hangs is killed
SCRIPT = "import sys; from ptlearn_tui.cli import main; sys.exit(main())"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def run(*words: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return command("run", *words, folder=folder)


def command(*words: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, words)],
        cwd=folder,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        encoding="utf-8",
        check=False,
    )


def events(done: subprocess.CompletedProcess[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for line in done.stdout.splitlines():
        event = json.loads(line)
        found[event["type"]].append(event)
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The notes, run once for all tests of what came."""
    return run("--home", tmp_path_factory.mktemp("home"), NOTES / "pytorch-notes.md", "--json")


def test_every_cell_of_the_notes_runs(ran: subprocess.CompletedProcess[str]) -> None:
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [(event["cell"], event["ok"]) for event in events(ran)["done"]] == [(n, True) for n in range(4)]


def test_the_graph_of_the_notes_is_the_one_that_they_speak_of(ran: subprocess.CompletedProcess[str]) -> None:
    (graph,) = [event for event in events(ran)["graph"] if event["cell"] == 2 and event["root"] == "out"]
    nodes = graph["nodes"]
    assert [node["name"] for node in nodes] == [
        *("MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0", "AccumulateGrad")
    ]
    assert nodes[-1]["variable"] == "x"
    by_id = {node["id"]: node for node in nodes}
    for before, after in itertools.pairwise(nodes):
        assert [by_id[id]["name"] for id in before["inputs"]] == [after["name"]]


# Of each cell, the lines that make a tensor, and its shape at the end.
SHAPES: dict[int, dict[int, tuple[str | None, list[int]]]] = {
    0: {n: ("x", [2] if n == 12 else [5, 3]) for n in (2, 5, 8, 10, 12, 15, 17)},
    1: {2: ("x", [4, 4]), 3: ("y", [16]), 4: ("z", [2, 8])},
    2: {
        2: ("x", [2, 2]),
        13: ("y", [2, 2]),
        17: ("z", [2, 2]),
        18: ("out", []),
        21: (None, [2, 2]),
        24: ("x", [2]),
        25: ("y", [2]),
        26: ("v", [2]),
        28: (None, [2]),
        31: ("x", [2]),
        33: ("y", [2]),
        37: (None, [2]),
    },
    3: {
        27: ("x", [1, 6, 14, 14]),
        28: ("x", [1, 16, 5, 5]),
        29: ("x", [1, 400]),
        30: ("x", [1, 120]),
        31: ("x", [1, 84]),
        32: ("x", [1, 10]),
        33: (None, [1, 10]),
        44: ("inputs", [1, 1, 32, 32]),
        45: ("targets", [1, 10]),
        51: ("outputs", [1, 10]),
        54: ("loss", []),
    },
}


def test_every_line_that_makes_a_tensor_says_its_shape(ran: subprocess.CompletedProcess[str]) -> None:
    found: dict[int, dict[int, tuple[str | None, list[int]]]] = defaultdict(dict)
    for event in events(ran)["line"]:
        if event["kind"] == "tensor":
            found[event["cell"]][event["line"]] = (event["name"], event["shape"])
    assert found == SHAPES
    first = [event for event in events(ran)["line"] if event["cell"] == 0]
    assert [event["name"] for event in first] == ["x"] * 7


def test_the_loop_of_the_notes_prints_and_draws_its_losses(ran: subprocess.CompletedProcess[str]) -> None:
    text = "".join(event["text"] for event in events(ran)["stdout"] if event["cell"] == 3)
    losses = re.findall(r"^Epoch (\d), Loss: ([\d.]+)$", text, re.MULTILINE)
    metrics = [event for event in events(ran)["metric"] if event["cell"] == 3]
    assert [int(epoch) for epoch, _ in losses] == [1, 2, 3, 4, 5]
    assert [(event["name"], event["step"], f"{event['value']:.4f}") for event in metrics] == [
        ("loss", int(epoch), loss) for epoch, loss in losses
    ]


def test_without_the_prelude_the_first_cell_fails(tmp_path: Path) -> None:
    text = (NOTES / "pytorch-notes.md").read_text("utf-8")
    (tmp_path / "notes.md").write_text(f"---\nprelude: false\n---\n{text}", "utf-8")
    for words in ([NOTES / "pytorch-notes.md", "--no-prelude"], [tmp_path / "notes.md"]):
        done = run(*words, "--json")
        found = events(done)
        assert done.returncode == 1
        assert [(event["cell"], event["ok"]) for event in found["done"]] == [(0, False)]
        (error,) = found["error"]
        assert "NameError: name 'torch' is not defined" in error["traceback"]


def test_for_people_a_table_says_what_became_of_the_cells(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2J\nb.md").write_text(
        '```python tags=["raises-exception"]\n1/0\n```\n\n1. a\n   ```py\n   print(torch.ones(2))\n   ```\n\n'
        '```python tags=["skip-execution"]\nexit()\n```\n\n```bash\nexit 1\n```\n\n>>> x = 5\n>>> x\n7\n'
    )
    done = run("a\x1b[2J\nb.md", folder=tmp_path)
    assert done.returncode == 0
    assert "tensor([1., 1.])\n" in done.stdout
    assert "\n5\n" in done.stdout
    assert not OBEYED.search(done.stdout)
    assert [line.split("   ")[-1] for line in done.stdout.splitlines()[-4:]] == [
        *("raised, as it should", "ran", "ran", "3 cells, 0 failed")
    ]


def test_a_folder_runs_file_by_file_and_tells_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "10.md").write_text("```python\nprint(y)\n```\n")
    (tmp_path / "9.md").write_text("```python\ny = 3\n```\n")
    (tmp_path / "b\x1b]0;x\x07\n.md").write_bytes(bytes(9))
    done = run(tmp_path, "--json", "--keep-going")
    assert done.returncode == 1
    assert [(event["cell"], event["ok"]) for event in events(done)["done"]] == [(0, True), (1, False)]
    assert len(done.stderr.splitlines()) == 1
    assert "null bytes" in done.stderr
    assert not OBEYED.search(done.stderr)


@pytest.mark.parametrize(
    ("make", "name", "says"),
    [
        ("binary", "a.md", "null bytes"),
        ("binary", "a\x1b[2J\n\u202e\x9b[bold]%s.md", "null bytes"),
        ("binary", "a.ipynb", "not UTF-8 text"),
        ("fifo", "a.md", "is not a file"),
        ("fifo", "a.ipynb", "is not a file"),
        ("loop", "a.md", "back to itself"),
        ("dangling", "a.md", "No such file"),
        ("folder", "a.md", "no notes in it"),
        ("run", "a.txt", "without a blank one"),
        ("nothing", "a\x1b]0;x\x07.md", "no lesson and no file"),
        ("nothing", "x" * 300, "File name too long"),
        ("nothing", "/dev/zero", "is not a file"),
    ],
)
def test_what_can_not_be_run_is_refused_in_one_line(tmp_path: Path, make: str, name: str, says: str) -> None:
    path = tmp_path / name
    match make:
        case "binary":
            path.write_bytes(Path(sys.executable).read_bytes()[:50_000])
        case "fifo":
            os.mkfifo(path)
        case "loop":
            path.symlink_to(path.name)
        case "dangling":
            path.symlink_to("nowhere")
        case "folder":
            path.mkdir()
        case "run":
            path.write_text("a\n" * 100_000)
    done = run(path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ptlearn-tui: ")
    assert done.stderr.endswith("\n")
    assert len(done.stderr.splitlines()) == 1
    assert not OBEYED.search(done.stderr)
    assert says in done.stderr


def test_a_file_with_nothing_to_run_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("")
    done = run(tmp_path / "a.md")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_plan_of_notes_is_listed_and_ticked(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_bytes((NOTES / "pytorch-notes.md").read_bytes())
    listed = json.loads(command("plan", path, "--json").stdout)["items"]
    assert len(listed) == 7
    assert not any(item["done"] for item in listed)
    assert command("plan", "tick", listed[1]["id"], path).returncode == 0
    assert command("plan", "tick", "3", path).returncode == 0
    after = json.loads(command("plan", path, "--json").stdout)["items"]
    assert [item["done"] for item in after] == [False, True, True, *[False] * 4]
    assert command("plan", "untick", "Tensor 基础", path).returncode == 0
    assert command("plan", "untick", "3", path).returncode == 0
    assert path.read_bytes() == (NOTES / "pytorch-notes.md").read_bytes()
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
