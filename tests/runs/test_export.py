"""`export` of training runs: every number of the log, as a table and as TensorBoard reads it."""

from __future__ import annotations

import csv
import io
import math
import os
import shutil
import struct
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from tensorboard.backend.event_processing.event_accumulator import (
    STORE_EVERYTHING_SIZE_GUIDANCE,
    EventAccumulator,
)
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams import plugin_data_pb2

from ptlearn_tui import events
from ptlearn_tui.cli import main
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs import table
from ptlearn_tui.runs.write import Log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

APRIL = datetime(2026, 4, 12, 9, 30).timestamp()
REQUEST = run_folder.Request(
    recipe="mnist", config={"epochs": 2, "batch_size": 64, "lr": 0.1}, seed=7, device="auto", data="sample"
)
RUN = events.Run(
    time=0.0,
    id="mnist-0412",
    recipe="mnist",
    config=REQUEST.config,
    seed=7,
    device="cuda:0",
    versions={"torch": "2.9.0"},
    data={"name": "mnist", "kind": "full", "train": 128, "test": 10, "path": "/data/a|b"},
    steps_per_epoch=2,
    threads=4,
)
END = events.End(time=3.0, status="finished", seconds=3.0)


def loss(step: int, value: float = 1.5, time: float | None = None) -> events.Metric:
    return events.Metric(time=step / 10 if time is None else time, name="loss", step=step, value=value)


LOG = (
    RUN,
    loss(1, 2.25),
    loss(2, 2.0),
    events.Timing(
        time=0.2,
        step=2,
        images_per_second=640.0,
        data=0.25,
        forward=5.5,
        backward=8.125,
        update=0.5,
        gradients={"conv1": 0.75, "fc.0": 1.25},
    ),
    events.Metric(time=0.21, name="rate", step=2, value=0.1),
    events.Eval(time=0.5, epoch=1, split="test", loss=1.75, accuracy=0.625),
    events.Sample(time=0.5, epoch=1, wrong=3, pictures=[]),
    events.Checkpoint(time=0.6, path="checkpoints/last.pt", step=2),
    loss(3, 1.0),
    events.Note(time=0.3, step=3, action="rate", text="0.1 → 0.05"),
    END,
)
WHOLE = """\
time,step,epoch,name,value
0.1,1,1,loss,2.25
0.2,2,1,loss,2.0
0.2,2,1,timing/images_per_second,640.0
0.2,2,1,timing/data_ms,0.25
0.2,2,1,timing/forward_ms,5.5
0.2,2,1,timing/backward_ms,8.125
0.2,2,1,timing/update_ms,0.5
0.2,2,1,gradient/conv1,0.75
0.2,2,1,gradient/fc.0,1.25
0.21,2,1,rate,0.1
0.5,2,1,test/loss,1.75
0.5,2,1,test/accuracy,0.625
0.3,3,2,loss,1.0
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one stands in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(log: Iterable[events.Event] = LOG) -> Path:
    """A run of 12 April that is not alive, with this log."""
    folder = run_folder.create(REQUEST, now=APRIL)
    (folder / "lock").touch()
    Log(folder).write(*log)
    return folder


SCRIPT = "import sys; {before}; from ptlearn_tui.cli import main; status = main(); {after}; sys.exit(status)"


def script(*words: str, before: str = "pass", after: str = "pass") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with something before and after it."""
    command = [sys.executable, "-c", SCRIPT.format(before=before, after=after), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def names(folder: Path) -> list[str]:
    """All that is in a folder, hidden files too."""
    return sorted(each.name for each in folder.iterdir())


def points(folder: Path, name: str) -> list[tuple[int, float]]:
    return [(row.step, row.value) for row in table.read(folder).rows if row.name == name]


# ---- the table ---------------------------------------------------------------------------------------------------


def test_every_number_of_the_log_is_a_row() -> None:
    assert table.as_csv(table.read(run())) == WHOLE


def test_what_a_resume_has_undone_is_left_out_and_what_was_done_again_counts() -> None:
    again = [
        *(loss(step, 2.0) for step in range(1, 7)),
        events.Metric(time=0.5, name="rate", step=5, value=0.5),
        events.Eval(time=0.4, epoch=2, split="test", loss=1.0, accuracy=0.5),  # at step 6: undone
        RUN,
        events.Note(time=0.2, step=2, action="resume"),
        loss(3, 1.0),
    ]
    folder = run([RUN, *again])
    assert points(folder, "loss") == [(1, 2.0), (2, 2.0), (3, 1.0)]
    assert points(folder, "rate") == points(folder, "test/accuracy") == []
    Log(folder).write(loss(4, 1.0), events.Eval(time=0.4, epoch=2, split="test", loss=0.5, accuracy=0.75), END)
    assert points(folder, "loss") == [(1, 2.0), (2, 2.0), (3, 1.0), (4, 1.0)]
    assert points(folder, "test/accuracy") == [(4, 0.75)]
    times = [row.time for row in table.read(folder).rows]
    assert times == sorted(times)


def test_of_a_step_that_stands_twice_the_later_line_counts() -> None:
    folder = run([RUN, loss(1, 3.0), loss(2, 3.0), loss(3, 3.0), RUN, loss(2, 1.0, time=9.0)])
    assert points(folder, "loss") == [(1, 3.0), (2, 1.0), (3, 3.0)]
    assert table.read(folder).rows[1].time == 9.0


def test_a_score_before_any_training_stands_at_step_0() -> None:
    found = table.read(run([RUN, events.Eval(time=0.0, epoch=0, split="test", loss=2.3, accuracy=0.1), loss(1)]))
    assert [(row.step, row.epoch, row.name) for row in found.rows] == [
        (0, 0, "test/loss"),
        (0, 0, "test/accuracy"),
        (1, 1, "loss"),
    ]


def test_an_epoch_that_nobody_can_know_is_empty() -> None:
    lines = table.as_csv(table.read(run([loss(1)]))).splitlines()
    assert lines == ["time,step,epoch,name,value", "0.1,1,,loss,1.5"]


def test_values_that_are_not_finite_can_be_read_back() -> None:
    given = [math.nan, math.inf, -math.inf, 1e300, 5e-324]
    text = table.as_csv(table.read(run([RUN, *(loss(step, value) for step, value in enumerate(given, 1))])))
    values = [row["value"] for row in csv.DictReader(io.StringIO(text))]
    assert values == ["nan", "inf", "-inf", "1e+300", "5e-324"]
    assert [repr(float(value)) for value in values] == [repr(value) for value in given]


def test_a_half_written_last_line_is_no_row() -> None:
    folder = run()
    line = events.encode(loss(4))
    for cut in range(len(line) + 1):
        with run_folder.events_file(folder).open("r+b") as file:
            file.seek(0, os.SEEK_END)
            size = file.tell()
            file.write(line[:cut])
        assert table.as_csv(table.read(folder)) == WHOLE
        os.truncate(run_folder.events_file(folder), size)


# ---- csv ---------------------------------------------------------------------------------------------------------


def test_a_table_is_written_beside_you_and_named_after_the_run(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run()
    assert main(["export", "mnist-0412", "--to", "csv"]) == 0
    assert capfd.readouterr() == ("13 numbers up to step 3: mnist-0412.csv\n", "")
    assert (here / "mnist-0412.csv").read_bytes().decode() == WHOLE
    assert names(here) == ["mnist-0412.csv"]


def test_a_table_on_stdout_is_nothing_but_the_table(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run()
    assert main(["export", "mnist-0412", "--to", "csv", "-o", "-"]) == 0
    assert capfd.readouterr() == (WHOLE, "")
    assert names(here) == []


def test_a_reader_that_leaves_is_no_fault(learner_home: Path) -> None:
    run([RUN, *map(loss, range(1, 20_000))])
    command = [sys.executable, "-c", SCRIPT.format(before="pass", after="pass")]
    command += ["export", "mnist-0412", "--to", "csv", "-o", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"time,step,epoch,name,value\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1
    assert not (learner_home / "faults.log").exists()


def test_a_file_that_is_there_is_replaced_only_by_force(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run()
    (here / "x.csv").write_text("mine")
    command = ["export", "mnist-0412", "--to", "csv", "-o", "x.csv"]
    assert main(command) == 2
    assert capfd.readouterr() == ("", "ptlearn-tui: x.csv is there already; replace it with --force\n")
    assert (here / "x.csv").read_text() == "mine"
    assert main([*command, "--force"]) == 0
    assert (here / "x.csv").read_text() == WHOLE
    assert names(here) == ["x.csv"]


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_only_a_file_is_ever_replaced(force: list[str], here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run()
    (here / "folder").mkdir()
    os.mkfifo(here / "pipe")
    for name in ("folder", "pipe"):
        assert main(["export", "mnist-0412", "--to", "csv", "-o", name, *force]) == 2
        assert capfd.readouterr().err == f"ptlearn-tui: {name} is not a file\n"
    assert (here / "folder").is_dir()
    assert (here / "pipe").is_fifo()


# ---- TensorBoard -------------------------------------------------------------------------------------------------


def rounded(value: float) -> float:
    """To float32, as TensorBoard keeps it."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def accumulated(folder: Path) -> EventAccumulator:
    """All of a folder, as TensorBoard's own reader has it."""
    found = EventAccumulator(str(folder), size_guidance=STORE_EVERYTHING_SIZE_GUIDANCE)
    found.Reload()
    return found


def test_tensorboard_reads_back_every_number(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = run()
    assert main(["export", "mnist-0412", "--to", "tensorboard"]) == 0
    assert capfd.readouterr() == (
        "13 numbers up to step 3: mnist-0412-tensorboard\n  look at it: tensorboard --logdir mnist-0412-tensorboard\n",
        "",
    )
    found = accumulated(here / "mnist-0412-tensorboard")
    rows = table.read(folder).rows
    assert set(found.Tags()["scalars"]) == {row.name for row in rows}
    for name in found.Tags()["scalars"]:
        assert [(point.wall_time, point.step, point.value) for point in found.Scalars(name)] == [
            (APRIL + row.time, row.step, rounded(row.value)) for row in rows if row.name == name
        ]
    assert found.FirstEventTimestamp() == APRIL


def test_tensorboard_gets_the_options_as_text_and_as_hyperparameters(here: Path) -> None:
    run()
    assert main(["export", "mnist-0412", "--to", "tensorboard"]) == 0
    found = accumulated(here / "mnist-0412-tensorboard")
    (text,) = found.Tensors("run")
    (words,) = text.tensor_proto.string_val
    lines = words.decode().splitlines()
    assert "| epochs | 2 |" in lines
    assert "| data kind | full |" in lines
    assert "| data path | /data/a\\|b |" in lines
    assert "| torch | 2.9.0 |" in lines
    (content,) = found.PluginTagToContent("hparams").values()
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    options = {name: value.number_value or value.string_value for name, value in start.hparams.items()}
    assert options == {"recipe": "mnist", "epochs": 2, "batch_size": 64, "lr": 0.1, "seed": 7, "device": "cuda:0"}
    assert (start.group_name, start.start_time_secs) == ("mnist-0412", APRIL)


def test_the_first_record_of_an_event_file_says_its_version(here: Path) -> None:
    run([loss(1)])
    assert main(["export", "mnist-0412", "--to", "tensorboard"]) == 0
    (path,) = (here / "mnist-0412-tensorboard").iterdir()
    first = next(iter(EventFileLoader(str(path)).Load()))
    assert first.file_version == "brain.Event:2"


def test_tensorboard_reads_back_what_is_not_finite(here: Path) -> None:
    run([RUN, loss(1, math.nan), loss(2, math.inf), loss(3, -math.inf)])
    assert main(["export", "mnist-0412", "--to", "tensorboard", "-o", "x"]) == 0
    assert [str(point.value) for point in accumulated(here / "x").Scalars("loss")] == ["nan", "inf", "-inf"]


def test_a_second_export_takes_the_place_of_the_first_only_by_force(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = run()
    command = ["export", "mnist-0412", "--to", "tensorboard"]
    assert main(command) == 0
    Log(folder).write(loss(4))
    capfd.readouterr()
    assert main(command) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("is there already; replace it with --force")
    assert len(accumulated(here / "mnist-0412-tensorboard").Scalars("loss")) == 3
    assert main([*command, "--force"]) == 0
    assert len(accumulated(here / "mnist-0412-tensorboard").Scalars("loss")) == 4
    assert len(names(here / "mnist-0412-tensorboard")) == 1


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_two_runs_never_become_one(force: list[str], here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        run()
    assert main(["export", "mnist-0412", "--to", "tensorboard", "-o", "both"]) == 0
    before = names(here / "both")
    capfd.readouterr()
    assert main(["export", "mnist-0412-2", "--to", "tensorboard", "-o", "both", *force]) == 2
    assert f"both has another run's {before[0]}" in capfd.readouterr().err
    assert names(here / "both") == before


def test_what_else_is_in_the_folder_stays(here: Path) -> None:
    run()
    (here / "x" / "another-run").mkdir(parents=True)
    (here / "x" / "notes.txt").write_text("mine")
    assert main(["export", "mnist-0412", "--to", "tensorboard", "-o", "x"]) == 0
    assert (here / "x" / "notes.txt").read_text() == "mine"
    assert len(names(here / "x")) == 3


def test_without_tensorboard_the_command_that_gets_it_is_named(here: Path) -> None:
    run()
    # What Python documents for "this package can't be imported"; an environment without it would take minutes.
    done = script("export", "mnist-0412", "--to", "tensorboard", before="sys.modules['tensorboard'] = None")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("ptlearn-tui: TensorBoard is not installed")
    assert "pip install 'ptlearn-tui[tensorboard]'" in line
    assert names(here) == []


@pytest.mark.parametrize(
    ("form", "allowed"), [("csv", {"msgspec"}), ("tensorboard", {"msgspec", "tensorboard", "numpy"})]
)
def test_nothing_is_imported_that_the_format_does_not_need(form: str, allowed: set[str], tmp_path: Path) -> None:
    run()
    heavy = ["torch", "tensorflow", "textual", "numpy", "tensorboard", "msgspec"]
    (tmp_path / "tensorflow.py").touch()  # as if it were there
    done = script(
        "export", "mnist-0412", "--to", form,
        before=f"sys.path.append({str(tmp_path)!r})",
        after=f"print(*(name for name in {heavy} if name in sys.modules))",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.splitlines()[-1].split()) == allowed


# ---- wrong requests, and full disks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mnist-0101", "--to", "csv"], "no run is called mnist-0101; see: ptlearn-tui runs"),
        (["../runs", "--to", "tensorboard"], "ptlearn-tui runs"),
        (["mnist-0412"], "--to FORMAT; or --notes; see ptlearn-tui export --help"),
        (["--to", "csv"], "ptlearn-tui export --help"),
        (["mnist-0412", "--to", "xlsx"], "--to xlsx: there are ipynb, md, py, csv, tensorboard"),
        (["autograd", "--to", "csv"], "no run is called autograd"),
        (["mnist-0412", "--to", "py"], "no lesson and no file 'mnist-0412'"),
        (["mnist-0412", "--to", "csv", "--edited"], "--edited is for lessons: with --to ipynb, md, py"),
        (["mnist-0412", "--to", "tensorboard", "-o", "-"], "give its name with -o"),
        (["mnist-0412", "--to", "csv", "-o", "no/such/x.csv"], "no/such/x.csv: No such file or directory"),
        (["mnist-0412", "--to", "csv", "-o", "x" * 300], "File name too long"),
        (["mnist-0412", "--to", "csv", "-o", "~nobody-here/x"], "~nobody-here"),
        (["mnist-0412", "--to", "tensorboard", "-o", "no/such"], "no/such: No such file or directory"),
        (["mnist-0412", "--to", "tensorboard", "-o", "/dev/null"], "Not a directory"),
        (["mnist-0412", "--to", "csv", "--lang", "zh", "-o", "."], "不是文件"),
        (["mnist-0412-2", "--to", "csv"], "has no numbers to export; see: ptlearn-tui runs show mnist-0412-2"),
        (["mnist-0412-2", "--to", "tensorboard"], "has no numbers to export"),
        (["mnist-0412-3", "--to", "csv"], "has no numbers to export"),
    ],
    ids=lambda words: " ".join(words)[:40] if isinstance(words, list) else "",
)
def test_a_wrong_request_is_one_line_and_writes_nothing(
    words: list[str], says: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run()
    run([RUN, events.Note(time=0.0, step=0, action="pause"), END])
    run_folder.create(REQUEST, now=APRIL)  # that has not begun
    assert main(["export", *words]) == 2
    written = capfd.readouterr()
    assert written.out == ""
    (line,) = written.err.splitlines()
    assert says in line
    assert names(here) == []


@pytest.mark.parametrize(("form", "left"), [("csv", ["x.csv"]), ("tensorboard", [])])
def test_a_full_disk_leaves_what_was_there(form: str, left: list[str], tmp_path: Path) -> None:
    run([RUN, *map(loss, range(1, 5_000))])
    unshare = shutil.which("unshare")
    command = [unshare or "", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if not unshare or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    disk = tmp_path / "disk"
    disk.mkdir()
    lines = [
        f"mount -t tmpfs -o size=16k none {disk} && cd {disk} || exit",
        *(f"echo mine > {name}" for name in left),
        f'"$0" -c "$1" export mnist-0412 --to {form} -o x.{form} --force; status=$?',
        "ls -A; cat *; exit $status",
    ]
    program = SCRIPT.format(before="pass", after="pass")
    done = subprocess.run(
        [*command, "\n".join(lines), sys.executable, program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "ptlearn-tui: No space left on device"
    assert done.stdout.split() == (["x.csv", "mine"] if left else [])
