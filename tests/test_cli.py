"""The installed command, as a shell or a script meets it."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from ptlearn_tui import events
from ptlearn_tui.cli import main
from ptlearn_tui.course.plan import PLAN_IDS
from ptlearn_tui.course.progress import Progress

PROGRAM = str(Path(sys.executable).with_name("ptlearn-tui"))
PATIENCE = 120.0  # seconds before a command that hangs is killed
COMMANDS = ["plan", "run", "train", "runs", "attach", "data", "doctor", "export", "progress"]


def command(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, without a terminal."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([PROGRAM, *words], timeout=PATIENCE, encoding="utf-8", check=False, **options)


def strict(line: str) -> Any:
    """Strict JSON: no NaN, no Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(line, parse_constant=refuse)


def listing(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder below, and what the files hold."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def used_home(learner_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of somebody who has been here, and an empty folder to stand in."""
    with Progress.open() as progress:
        progress.tick("setup", done=True)
    (learner_home / "runs").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return learner_home


# ---- help and version --------------------------------------------------------------------------------------------


def test_version() -> None:
    done = command("--version")
    assert (done.returncode, done.stderr) == (0, "")
    name, number = done.stdout.split()
    assert name == "ptlearn-tui"
    assert number[0].isdigit()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["usage: ", "options:", "commands:", "Example: ", "the checklist"]),
        ("zh", ["用法：", "选项:", "命令:", "例：", "学习计划"]),
    ],
)
def test_help_names_every_command_in_both_languages(language: str, words: list[str]) -> None:
    done = command("--lang", language, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in words + COMMANDS:
        assert word in done.stdout
    assert ("usage" in done.stdout) == (language == "en")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"Example: ptlearn-tui {name} " in capsys.readouterr().out
    assert main([name, "--help", "--lang", "zh"]) == 0
    assert f"例：ptlearn-tui {name} " in capsys.readouterr().out


def test_the_language_is_the_chosen_one_then_the_locales(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "安装与环境配置" in command("plan").stdout
    with Progress.open() as progress:
        progress.remember("language", "en")
    assert "Installation and environment" in command("plan").stdout
    assert "安装与环境配置" in command("plan", "--lang", "zh").stdout


# ---- wrong requests ----------------------------------------------------------------------------------------------


def broken_mnist(folder: Path) -> Path:
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for word in ("train", "t10k"):
        (raw / f"{word}-images-idx3-ubyte").write_bytes(b"not images at all")
        (raw / f"{word}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\1\0\0\0\1\7")
    return folder


def wrong(words: list[str], home: Path, says: str) -> None:
    """One line that says what to do, status 2, and nothing is written anywhere."""
    before, here = listing(home), listing(Path.cwd())
    done = command(*words)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("ptlearn-tui: ")
    assert done.stderr.endswith("\n")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert listing(home) == before
    assert listing(Path.cwd()) == here


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["frobnicate"], "ptlearn-tui --help"),
        (["--frobnicate"], "ptlearn-tui --help"),
        (["--lang", "fr", "plan"], "'en', 'zh'"),
        (["--home", "/dev/null", "plan"], "--home"),
        (["--home", "~nobody-here/x", "plan"], "~nobody-here"),
        (["--hom", "elsewhere", "runs"], "--help"),
        (["plan", "frobnicate"], "tick ID"),
        (["plan", "tick", "data", "frobnicate"], "tick ID"),
        (["plan", "a", "b"], "tick ID"),
        (["plan", "tick", "painting"], "setup, tensors, autograd"),
        (["plan", "tick", "two\nlines"], "setup, tensors, autograd"),
        (["plan", "untick"], "setup, tensors, autograd"),
        (["run"], "ptlearn-tui run --help"),
        (["run", "painting"], "setup, tensors, autograd"),
        (["run", "autograd/painting"], "setup, tensors, autograd"),
        (["run", "~nobody-here/x.md"], "~nobody-here"),
        (["run", "x" * 5000], "File name too long"),
        (["run", "autograd/scalar", "--timeout", "0"], "--timeout"),
        (["run", "autograd/scalar", "--timeout", "nan"], "--timeout"),
        (["train"], "mnist"),
        (["train", "painting"], "mnist"),
        (["train", "--resume", "painting-1"], "painting-1"),
        (["runs", "show"], "ptlearn-tui runs"),
        (["runs", "show", "painting-1"], "ptlearn-tui runs"),
        (["runs", "stop", "painting-1"], "ptlearn-tui runs"),
        (["runs", "rm", "../../etc"], "ptlearn-tui runs"),
        (["attach", "painting-1"], "terminal"),
        (["export", "painting-1", "--to", "csv"], "ptlearn-tui runs"),
        (["export", "autograd", "--to", "ipynb"], "autograd/scalar"),
        (["data", "get", "painting"], "mnist"),
        (["data", "get"], "mnist"),
        (["data", "--data", "/nowhere"], "data get mnist"),
        (["--data", "/nowhere", "data"], "data get mnist"),
        (["--data", "/nowhere", "train", "mnist"], "data get mnist"),
        (["--lang", "zh", "plan", "tick", "painting"], "计划中没有"),
        (["--lang", "zh", "run", "painting"], "没有叫"),
        (["--lang", "zh", "frobnicate"], "见 ptlearn-tui --help"),
    ],
    ids=lambda words: " ".join(words)[:40].replace("\n", " ") if isinstance(words, list) else "",
)
def test_a_wrong_request_is_one_line_and_status_2(words: list[str], says: str, used_home: Path) -> None:
    wrong(words, used_home, says)


@pytest.mark.parametrize("words", [["data"], ["train", "mnist"]], ids=" ".join)
def test_broken_data_is_one_line_that_names_the_file(words: list[str], used_home: Path, tmp_path: Path) -> None:
    wrong([*words, "--data", str(broken_mnist(tmp_path / "data"))], used_home, "train-images-idx3-ubyte")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (bytes(range(256)) * 100, "is not text: it has null bytes"),
        (bytes(range(128, 256)) * 100, "is not text"),
        ("# 标题\n".encode("utf-16")[:-1], "is not utf-16-le text (byte 10)"),
        ("# title\n\n```python\n1\n```\n".encode("utf-16-le"), "is not text: it has null bytes"),
        (None, "has no notes in it"),
    ],
    ids=["binary", "no encoding", "half of UTF-16", "UTF-16 without a mark", "an empty folder"],
)
def test_a_file_that_is_no_text_is_refused(content: bytes | None, says: str, used_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    wrong(["run", str(path)], used_home, f"{path} {says}")


def test_a_file_that_cannot_be_read_is_refused(used_home: Path, tmp_path: Path) -> None:
    """Root may read everything, but for its own memory at address 0."""
    wrong(["run", "/proc/self/mem"], used_home, "/proc/self/mem: ")
    loop = tmp_path / "loop.md"
    loop.symlink_to(loop)
    wrong(["run", str(loop)], used_home, str(loop))


def test_a_wrong_request_leaves_no_store_in_a_new_home(learner_home: Path) -> None:
    assert command("plan", "tick", "painting").returncode == 2
    assert [path for path in learner_home.rglob("*") if path.is_file()] == []


def test_a_damaged_store_is_one_line(used_home: Path) -> None:
    (used_home / "progress.sqlite3").write_text("not a database at all, only some words\n" * 50)
    wrong(["plan"], used_home, "--home")
    wrong(["plan", "tick", "data"], used_home, "--home")


def test_a_store_of_another_make_is_one_line(used_home: Path) -> None:
    with closing(sqlite3.connect(used_home / "progress.sqlite3")) as store:
        store.execute("ALTER TABLE ticks ADD COLUMN mood TEXT")
        wrong(["plan", "tick", "data"], used_home, "--home")
        store.execute("ALTER TABLE ticks RENAME COLUMN item TO thing")
    wrong(["plan"], used_home, "no such column: item")


def test_a_file_where_the_runs_folder_should_be_is_one_line(used_home: Path) -> None:
    (used_home / "runs").rmdir()
    (used_home / "runs").touch()
    wrong(["runs"], used_home, "--home")


# ---- terminals and closed ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_cannot_show_the_dashboard_gets_the_commands_that_need_none(term: str) -> None:
    master, slave = pty.openpty()
    try:
        done = command(stdin=slave, stdout=slave, env={**os.environ, "TERM": term})
    finally:
        os.close(slave)
        os.close(master)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"TERM={term} " in line
    assert "plan, run, train, runs, data, doctor, export, progress" in line


def test_without_a_terminal_the_dashboard_names_the_commands_that_need_none() -> None:
    done = command()
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "ssh -t" in line
    assert "plan, run, train, runs, data, doctor, export, progress" in line


def test_an_unknown_run_is_said_before_the_screen_opens() -> None:
    master, slave = pty.openpty()
    try:
        done = command("attach", "painting-1", stdin=slave, stdout=slave, env={**os.environ, "TERM": "xterm"})
    finally:
        os.close(slave)
        os.close(master)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "painting-1" in done.stderr


@pytest.mark.parametrize("words", [["plan", "--json"], ["--help"], ["--version"], ["runs"]], ids=" ".join)
def test_a_reader_that_has_gone_is_no_fault(words: list[str], learner_home: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = command(*words, stdout=writer)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    assert not (learner_home / "faults.log").exists()


def test_a_full_disk_is_one_line(learner_home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = command("plan", "--json", stdout=full)
    assert done.returncode == 1
    assert done.stderr == "ptlearn-tui: No space left on device\n"
    assert not (learner_home / "faults.log").exists()


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_ends_do_not_matter(closed: str, learner_home: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" plan tick data {closed}', PROGRAM], capture_output=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    with Progress.open() as progress:
        assert progress.ticked() == {"data"}
    assert not (learner_home / "faults.log").exists()


def test_an_encoding_without_chinese_ends_no_command() -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    plain = command("--lang", "zh", "plan", env=env)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert "Tensor ??" in plain.stdout
    rows = strict(command("--lang", "zh", "plan", "--json", env=env).stdout)["items"]
    assert rows[1]["title"] == "Tensor 基础"


# ---- what is imported --------------------------------------------------------------------------------------------

HEAVY = ["torch", "torchvision", "textual", "rich", "plotext", "markdown_it", "yaml", "msgspec", "numpy", "asyncio"]


def imported(code: str, *words: str) -> list[str]:
    """Which of the heavy packages are there after the code, in a process of its own."""
    tell = f"\nsys.stdout.flush(); print('imported', *(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", "import sys\n" + code + tell, *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8", timeout=PATIENCE, check=True,
    )  # fmt: skip
    first, *names = done.stdout.splitlines()[-1].split()
    assert first == "imported"
    return names


def test_nothing_heavy_is_imported_before_the_command_is_known() -> None:
    assert imported("import yaml, asyncio") == ["yaml", "asyncio"]  # the check can fail
    assert imported("import ptlearn_tui.cli\nfrom ptlearn_tui.cli.parser import make_parser\nmake_parser()") == []


@pytest.mark.parametrize("name", ["plan", "runs", "data", "train --list", "doctor"])
def test_commands_that_only_tell_import_neither_torch_nor_textual(name: str) -> None:
    names = imported("from ptlearn_tui.cli import main\nmain(sys.argv[1:])", *name.split(), "--json")
    assert set(names) <= {"msgspec"}


# ---- plan --------------------------------------------------------------------------------------------------------


def ticked() -> list[str]:
    done = command("plan", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    answer = strict(line)
    assert set(answer) == {"items"}
    assert [row["id"] for row in answer["items"]] == [*PLAN_IDS]
    for row in answer["items"]:
        assert set(row) == {"id", "title", "done", "exercises"}
        assert set(row["exercises"]) == {"passed", "total"}
        assert isinstance(row["done"], bool)
    return [row["id"] for row in answer["items"] if row["done"]]


def test_the_plan_is_ticked_and_unticked() -> None:
    assert ticked() == []
    assert command("plan", "tick", "projects").returncode == 0
    assert "[x] setup" in command("plan", "tick", "setup").stdout
    assert ticked() == ["setup", "projects"]
    assert "[ ] setup" in command("plan", "untick", "setup").stdout
    assert ticked() == ["projects"]


# ---- run ---------------------------------------------------------------------------------------------------------


def written(path: Path, *cells: str) -> str:
    """A Markdown file with these cells; one that begins with `raises:` is to raise."""
    blocks = []
    for cell in cells:
        tags = ' tags=["raises-exception"]' if cell.startswith("raises:") else ""
        blocks.append(f"Some words.\n\n```python{tags}\n{cell.removeprefix('raises:')}\n```\n")
    path.write_text("\n".join(blocks), "utf-8")
    return str(path)


def records(done: subprocess.CompletedProcess[str]) -> list[events.AnyEvent]:
    """The events; every line is strict JSON, and the cells come one after the other."""
    found = []
    for line in done.stdout.splitlines():
        assert strict(line)["type"]
        found.append(events.decode(line))
    cells = [event.cell for event in found]
    assert cells == sorted(cells)  # type: ignore[type-var]
    return found


def test_a_lessons_cells_run_and_print_what_they_made() -> None:
    done = command("run", "autograd/scalar", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = records(done)
    last = {event.cell: event for event in found}
    assert all(isinstance(event, events.Done) for event in last.values())
    assert [event.ok for event in last.values()] == [True, True, False, True, True]  # the third is to raise

    made = [event for event in found if event.cell == 1]
    cards = {item.name: item for event in made if isinstance(event, events.Tensors) for item in event.items}
    assert {name: (card.shape, card.operator) for name, card in cards.items()} == {
        "x": ([2, 2], None),
        "y": ([2, 2], "add"),
        "z": ([2, 2], "mul"),
        "out": ([], "mean"),
    }
    assert cards["out"].values == 27.0
    assert cards["x"].grad is not None
    assert cards["x"].grad.values == [[2.25, 2.25], [2.25, 2.25]]

    (graph,) = [event for event in made if isinstance(event, events.Graph) and event.root == "out"]
    chain, node = [], graph.nodes[0]
    while True:
        chain.append(node.name)
        if not node.inputs:
            break
        (following,) = node.inputs
        (node,) = [each for each in graph.nodes if each.id == following]
    assert chain == ["MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0", "AccumulateGrad"]
    assert node.variable == "x"


def test_a_cell_that_starts_a_run_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text('```python\n1 + 1\n```\n\n```python run="mnist"\n# trains\n```\n', "utf-8")
    done = command("run", str(path))
    assert done.returncode == 0
    *_, row, total = done.stdout.splitlines()
    assert "cell 2" in row
    assert row.endswith("left out, it trains: ptlearn-tui train mnist")
    assert total == "1 cells, 0 failed"
    assert command("runs", "--json").stdout == '{"runs": []}\n'


def test_a_file_is_run_up_to_the_cell_that_does_not_do_what_it_should(tmp_path: Path) -> None:
    path = written(
        tmp_path / "我的笔记.md", "import torch\nprint('first')\n40 + 2", "raises:1 / 0", "raises:1", "print('never')"
    )
    done = command("run", path)
    assert done.returncode == 1
    assert done.stdout.startswith("first\n42\n")
    assert "never" not in done.stdout
    words = [line.split("   ")[-1] for line in done.stdout.splitlines()[-4:]]
    assert words == ["ran", "raised, as it should", "did not raise", "3 cells, 1 failed"]
    assert "ZeroDivisionError" in done.stderr
    assert "ptlearn_tui" not in done.stderr, "frames of the program in a learner's traceback"


def test_keep_going_goes_on_after_failures_timeouts_and_deaths(tmp_path: Path) -> None:
    path = written(
        tmp_path / "notes.md",
        "1 / 0",
        "kept = 'kept'\nwhile True:\n    pass",
        "print(kept)",
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
        "import os\nos._exit(3)",
        "print('a fresh kernel', 'kept' in globals())",
    )
    done = command("run", path, "--json", "--keep-going", "--timeout", "2")
    assert (done.returncode, done.stderr) == (1, "")
    found = records(done)
    ends = [event for event in found if isinstance(event, events.Done)]
    assert [(end.cell, end.ok, end.interrupted, end.died) for end in ends] == [
        (0, False, False, None),
        (1, False, True, None),
        (2, True, False, None),
        (3, False, False, "killed"),
        (4, False, False, "exit 3"),
        (5, True, False, None),
    ]
    texts = {event.cell: event.text for event in found if isinstance(event, events.Stdout)}
    assert texts == {2: "kept\n", 5: "a fresh kernel False\n"}


def test_a_reader_that_leaves_ends_the_run(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.md", "while True:\n    print('x' * 1000)")
    with subprocess.Popen(
        [PROGRAM, "run", path, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"xxx" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 1


def test_ctrl_c_ends_the_run_and_all_that_it_started(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.md", "print('running', flush=True)\nwhile True:\n    pass")
    with subprocess.Popen(
        [PROGRAM, "run", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"running\n"
        started = psutil.Process(process.pid).children(recursive=True)
        assert started
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr.read() == b""
    assert psutil.wait_procs(started, PATIENCE)[1] == []
