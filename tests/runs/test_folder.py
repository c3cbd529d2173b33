from __future__ import annotations

import stat
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.errors import RequestError
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs import listing

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = run_folder.Request(
    recipe="mnist", config={"epochs": 2, "batch_size": 64, "lr": 0.1}, seed=7, device="cpu", data="sample"
)
APRIL = datetime(2026, 4, 12, 9, 30).timestamp()

HOLD = """
import sys
from pathlib import Path
from ptlearn_tui.runs.folder import hold
hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_run_is_named_after_its_recipe_and_day_and_the_next_gets_a_suffix() -> None:
    names = [run_folder.create(REQUEST, now=APRIL).name for _ in range(3)]
    assert names == ["mnist-0412", "mnist-0412-2", "mnist-0412-3"]


def test_what_was_asked_for_is_read_back_whole() -> None:
    folder = run_folder.create(REQUEST, now=APRIL)
    read = run_folder.read_request(folder)
    assert (read.recipe, read.config, read.seed, read.device, read.data) == (
        "mnist",
        REQUEST.config,
        7,
        "cpu",
        "sample",
    )
    assert (read.id, read.started) == ("mnist-0412", APRIL)
    assert read.host


def test_nobody_else_may_look_into_a_run() -> None:
    assert stat.S_IMODE(run_folder.create(REQUEST).stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["nothing-here", "", ".", "..", "../runs", "a/b"])
def test_an_unknown_run_is_a_wrong_request(name: str) -> None:
    with pytest.raises(RequestError, match="no run is called"):
        run_folder.find(name)


def test_a_damaged_run_file_is_one_line_and_not_listed(state: Path) -> None:
    folder = run_folder.create(REQUEST)
    (folder / "run.json").write_bytes(b'{"recipe": 3}')
    with pytest.raises(RequestError, match=r"run\.json"):
        run_folder.read_request(folder)
    assert listing.summaries() == []


def test_a_file_is_replaced_whole_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    run_folder.write_whole(path, b"one")
    run_folder.write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["file"]


def test_a_replacement_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    (target / "full").mkdir(parents=True)
    with pytest.raises(OSError):
        run_folder.write_whole(target, b"a folder can't be replaced by a file")
    assert [each.name for each in tmp_path.glob(".folder*")] == []
    assert (target / "full").is_dir()


def test_the_lock_tells_who_is_alive_and_is_gone_with_its_process() -> None:
    folder = run_folder.create(REQUEST)
    assert run_folder.owner(folder) is None
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert run_folder.owner(folder) == holder.pid
        assert run_folder.owner(folder) == holder.pid  # asking does not let go of it
        with pytest.raises(RequestError, match="is running already"):
            run_folder.hold(folder)
        with pytest.raises(RequestError, match="stop it first"):
            listing.remove(folder)
        holder.kill()
        holder.wait()
    assert run_folder.owner(folder) is None
    listing.remove(folder)
    assert not folder.exists()
