"""`progress export`, `import` and `replaced`, as a shell or a script meets them."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from killed import kill_at
from ptlearn_tui.cli import main
from ptlearn_tui.course.merge import KINDS
from ptlearn_tui.course.progress import FILE, Progress

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "autograd/scalar"
NONE = {name: {"came_in": 0, "newer_here": 0} for name in KINDS}
PROGRAM = "import sys; from ptlearn_tui.cli import main; sys.exit(main())"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def machine(folder: Path, *, begins: float, name: str) -> Path:
    """The home of a learner who has done one of each there, from that moment on."""
    folder.mkdir()
    moments = (begins + number for number in range(100))
    with Progress(folder / FILE, clock=lambda: next(moments)) as progress:
        progress.tick("data", done=True)
        progress.tick(f"only {name}", done=True)
        progress.read(f"data/{name}")
        progress.edit(PAGE, 0, f"print('{name} 你好')\n# ```")
        progress.add_scratch(PAGE, 0.5, f"{name} = 1")
        progress.keep_remark(PAGE, f"what {name} thinks")
        progress.keep_output(PAGE, 0, "source", f"{name}\n")
        progress.attempt(f"question {PAGE}#{name}", name, ok=False)
        progress.remember("language", "en")
    return folder


@pytest.fixture
def laptop(learner_home: Path) -> Path:
    return machine(learner_home, begins=1000, name="laptop")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Everything there is newer."""
    return machine(tmp_path / "box", begins=2000, name="box")


def ask(capfd: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """What the command prints; it is done, and has nothing to complain of."""
    capfd.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PTLEARN_HOME", os.environ["PTLEARN_HOME"])  # `--home` sets it for good
        assert main(["progress", *map(str, words)]) == 0
    said = capfd.readouterr()
    assert said.err == ""
    return said.out


def strict(text: str) -> Any:
    """One object of strict JSON, on one line."""
    (line,) = text.splitlines()
    return json.loads(line, parse_constant=lambda word: pytest.fail(word))


def exported(capfd: pytest.CaptureFixture[str], home: Path) -> Any:
    return json.loads(ask(capfd, "export", "-o", "-", "--home", home))


# ---- export --------------------------------------------------------------------------------------------------------


def test_an_export_is_one_file_here_and_says_what_it_holds(
    laptop: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = ask(capfd, "export")
    assert said.splitlines() == [
        "ptlearn-progress.json: ticks 2, pages read 1, edited cells 1, cells of your own 1, remarks 1, outputs 1, "
        "answers 1",
        "  on the other machine: ptlearn-tui progress import ptlearn-progress.json",
    ]
    (path,) = here.iterdir()
    whole = json.loads(path.read_bytes(), parse_constant=lambda word: pytest.fail(word))
    assert (whole["format"], whole["version"]) == ("ptlearn-progress", 2)
    assert set(whole) == {"format", "version", *KINDS}
    assert whole["ticks"][0] == {"item": "data", "done": True, "changed": 1000.0}
    assert whole["edits"] == [{"page": PAGE, "cell": 0, "source": "print('laptop 你好')\n# ```", "changed": 1003.0}]
    assert "你好" in path.read_text("utf-8"), "for people too"
    assert "language" not in path.read_text("utf-8")


def test_an_export_goes_where_it_is_wanted(laptop: Path, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answer = strict(ask(capfd, "export", "-o", "a b.json", "--json"))
    assert answer == {
        "path": "a b.json", "ticks": 2, "pages": 1, "edits": 1, "cells": 1, "remarks": 1, "outputs": 1, "attempts": 1,
    }  # fmt: skip
    assert (here / "a b.json").read_text("utf-8") == ask(capfd, "export", "-o", "-")
    assert "import 'a b.json'" in ask(capfd, "export", "-o", "a b.json", "--force")
    assert [path.name for path in here.iterdir()] == ["a b.json"]


def test_all_of_an_export_reaches_a_pipe(laptop: Path) -> None:
    with Progress.open() as progress:
        progress.keep_remark(PAGE, "x" * 3_000_000)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "progress", "export", "-o", "-"],
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    assert len(json.loads(done.stdout)["remarks"][0]["text"]) == 3_000_000


def test_a_file_that_is_there_is_replaced_only_with_force(laptop: Path, here: Path) -> None:
    path = here / "ptlearn-progress.json"
    path.write_text("mine")
    assert main(["progress", "export"]) == 2
    assert path.read_text() == "mine"
    assert main(["progress", "export", "--force"]) == 0
    assert json.loads(path.read_bytes())["format"] == "ptlearn-progress"


# ---- import --------------------------------------------------------------------------------------------------------


def test_an_import_says_what_came_in_and_where_the_texts_are_that_gave_way(
    laptop: Path, box: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Progress.open() as progress:
        progress.keep_output(PAGE, 0, "source", "newer than the box's")
    ask(capfd, "export", "--home", box)
    said = ask(capfd, "import", "ptlearn-progress.json").splitlines()
    assert [line.split("  ")[0] for line in said[1:8]] == [
        *("ticks", "pages read", "edited cells", "cells of your own", "remarks", "outputs", "answers")
    ]
    assert [line.split()[-2:] for line in said[1:8]] == [
        *(["2", "0"], ["1", "0"], ["1", "0"], ["1", "0"], ["1", "0"], ["0", "1"], ["1", "0"])
    ]
    assert said[8:] == ["texts of yours that gave way to newer ones: 2; they are kept: ptlearn-tui progress replaced"]
    with Progress.open() as progress:
        assert progress.ticked() == {"data", "only laptop", "only box"}
        assert progress.pages_read() == {"data/laptop", "data/box"}
        assert progress.edits(PAGE) == {0: "print('box 你好')\n# ```"}
        assert [cell.source for cell in progress.scratch(PAGE)] == ["laptop = 1", "box = 1"]
        assert progress.remark(PAGE) == "what box thinks"
        assert progress.outputs(PAGE)[0].text == "newer than the box's"
    kept = ask(capfd, "replaced")
    assert f"## {PAGE} · cell 1\n" in kept
    assert "\n````python\nprint('laptop 你好')\n# ```\n````\n" in kept
    assert f"## {PAGE} · remark\n" in kept
    assert "\nwhat laptop thinks\n" in kept
    rows = strict(ask(capfd, "replaced", "--json"))["replaced"]
    assert [(row["kind"], row["page"], row["cell"], row["changed"]) for row in rows] == [
        *(("edit", PAGE, "0", 1003.0), ("remark", PAGE, "", 1005.0))
    ]


def test_both_ways_make_both_machines_the_same(
    laptop: Path, box: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for home in (laptop, box):
        ask(capfd, "export", "-o", here / home.name, "--home", home)
    first = strict(ask(capfd, "import", here / "box", "--home", laptop, "--json"))
    assert first.pop("replaced") == 2
    assert {name: count["came_in"] for name, count in first.items()} == {**dict.fromkeys(KINDS, 1), "ticks": 2}
    other = strict(ask(capfd, "import", here / "home", "--home", box, "--json"))
    assert (other["ticks"], other["edits"]) == ({"came_in": 1, "newer_here": 1}, {"came_in": 0, "newer_here": 1})
    assert exported(capfd, laptop) == exported(capfd, box)
    before = (laptop / FILE).read_bytes()
    again = strict(ask(capfd, "import", here / "box", "--home", laptop, "--json"))
    assert again == {**NONE, "replaced": 0}
    assert (laptop / FILE).read_bytes() == before
    assert ask(capfd, "replaced", "--home", box) == "no import has replaced a text of yours\n"


def test_an_import_reads_a_pipe(laptop: Path, box: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = json.dumps(exported(capfd, box)).encode()
    command = [sys.executable, "-c", PROGRAM, "--lang", "zh", "progress", "import", "-"]
    done = subprocess.run(command, input=file, capture_output=True, check=True)
    assert done.stderr == b""
    assert "打勾" in done.stdout.decode()
    with Progress.open() as progress:
        assert "only box" in progress.ticked()


def test_a_machine_where_nothing_was_done_yet_gets_all_of_it(
    laptop: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(capfd, "export")
    ask(capfd, "import", "ptlearn-progress.json", "--home", tmp_path / "new")
    assert exported(capfd, tmp_path / "new") == exported(capfd, laptop)


# ---- wrong requests, full disks, kills -----------------------------------------------------------------------------


def listing(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


HEAD = b'{"format": "ptlearn-progress", "version": 1, '


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "progress --help"),
        (["move"], "'export', 'import', 'replaced'"),
        (["import"], "ptlearn-tui progress export"),
        (["import", "nowhere.json"], "nowhere.json: No such file"),
        (["import", "."], ".: Is a directory"),
        (["import", "/proc/self/mem"], "/proc/self/mem: "),
        (["import", "/dev/zero"], "larger than 256 MB"),
        (["import", "~nobody-here/x"], "~nobody-here"),
        (["import", "x\0y"], "null byte"),
        (["import", "there", "-o", "x"], "export only"),
        (["import", "there", "--force"], "export only"),
        (["import", "there"], "malformed"),
        (["import", "-"], "stdin is no progress file: Expected `array`"),
        (["--lang", "zh", "import", "-"], "标准输入 不是进度文件"),
        (["replaced", "there"], "replaced takes no file"),
        (["replaced", "--force"], "export only"),
        (["export", "there"], "-o there"),
        (["export", "-o", "there"], "--force"),
        (["export", "-o", "nowhere/x"], "nowhere/x: No such file"),
        (["export", "-o", ".", "--force"], ". is not a file"),
        (["export", "-o", "/dev/null", "--force"], "/dev/null is not a file"),
    ],
    ids=lambda value: " ".join(value).replace("\0", "0") if isinstance(value, list) else "",
)
def test_a_wrong_request_is_one_line_and_changes_nothing(
    words: list[str], says: str, laptop: Path, here: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (here / "there").write_text("mine")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(HEAD + b'"ticks": 7}')))
    before = listing(laptop), listing(here)
    language = words[:2] if words[:1] == ["--lang"] else []
    assert main([*language, "progress", *words[len(language) :]]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("ptlearn-tui: ")
    assert says in line
    assert (listing(laptop), listing(here)) == before


def test_a_file_of_a_newer_program_is_refused_before_anything_is_made(learner_home: Path, here: Path) -> None:
    (here / "file").write_bytes(HEAD.replace(b"1", b"2") + b'"marks": []}')
    assert main(["progress", "import", "file", "--lang", "en"]) == 2
    assert not (learner_home / FILE).exists()


def test_a_store_that_cannot_be_read_is_one_line(
    laptop: Path, box: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(capfd, "export", "--home", box)
    (laptop / FILE).write_text("not a database at all, only some words\n" * 50)
    for words in (["import", "ptlearn-progress.json"], ["export", "-o", "x"], ["replaced"]):
        assert main(["progress", *words, "--lang", "en"]) == 2
        (line,) = capfd.readouterr().err.splitlines()
        assert "--home" in line
    assert [path.name for path in here.iterdir()] == ["ptlearn-progress.json"]


def test_a_kill_at_any_moment_of_an_import_leaves_the_old_or_the_new(
    laptop: Path, box: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(capfd, "export", "--home", box)
    old = exported(capfd, laptop)
    shutil.copytree(laptop, tmp_path / "undisturbed")
    ask(capfd, "import", "ptlearn-progress.json", "--home", tmp_path / "undisturbed")
    new = exported(capfd, tmp_path / "undisturbed")
    words = ("--lang", "en", "progress", "import", "ptlearn-progress.json")
    kills = 0
    while kill_at("", *words, times=kills + 1) == -signal.SIGKILL:
        kills += 1
        found = exported(capfd, laptop)
        assert found in (old, new)
        if found == new:
            break
    assert kills > 20
    assert main([*words]) == 0
    assert exported(capfd, laptop) == new
    with Progress.open() as progress:
        assert len(progress.replaced()) == 2


def test_an_import_on_a_full_disk_leaves_what_was_there(laptop: Path, tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    command = [unshare or "", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if not unshare or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    remark = {"page": PAGE, "text": "x" * 1_000_000, "changed": 3000}
    (tmp_path / "file").write_bytes(HEAD + b'"remarks": [' + json.dumps(remark).encode() + b"]}")
    (tmp_path / "disk").mkdir()
    lines = [
        f"mount -t tmpfs -o size=400k none {tmp_path / 'disk'} && cp {laptop}/* {tmp_path / 'disk'} || exit",
        f'"$0" -c "$1" --home {tmp_path / "disk"} progress import {tmp_path / "file"}; echo $?',
        f'"$0" -c "$1" --home {tmp_path / "disk"} progress export -o -',
    ]
    done = subprocess.run(
        [*command, "\n".join(lines), sys.executable, PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stderr == "ptlearn-tui: No space left on device\n"
    status, *rest = done.stdout.splitlines()
    assert status == "1"
    assert json.loads("\n".join(rest))["remarks"][0]["text"] == "what laptop thinks"


def test_the_command_imports_neither_torch_nor_textual(laptop: Path) -> None:
    code = (
        "import sys; from ptlearn_tui.cli import main; main(['progress', 'export', '-o', 'x'])\n"
        "print(*({'torch', 'textual', 'numpy', 'yaml', 'markdown_it', 'asyncio'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
