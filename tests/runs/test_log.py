"""events.jsonl from both sides: `write.Log` and `tail.Tail`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui import events
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.tail import Tail, end_of
from ptlearn_tui.runs.write import Log

if TYPE_CHECKING:
    from pathlib import Path


def loss(step: int, value: float = 1.5) -> events.Metric:
    return events.Metric(time=float(step), name="loss", step=step, value=value)


END = events.End(time=9.0, status="finished", seconds=9.0)


def test_a_tail_gives_every_event_once_and_in_order(tmp_path: Path) -> None:
    log, tail = Log(tmp_path), Tail(tmp_path)
    assert tail.read() == []
    log.write(loss(1), loss(2))
    assert tail.read() == [loss(1), loss(2)]
    assert tail.read() == []
    log.write(loss(3))
    log.last_word(END)
    assert tail.read() == [loss(3), END]
    assert Tail(tmp_path).read() == [loss(1), loss(2), loss(3), END]


def test_a_tail_may_begin_before_there_is_a_log(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "run")
    assert tail.read() == []
    assert end_of(tmp_path / "run") == 0
    (tmp_path / "run").mkdir()
    Log(tmp_path / "run").write(loss(1))
    assert tail.read() == [loss(1)]


def test_a_tail_may_begin_at_the_end(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(loss(1))
    tail = Tail(tmp_path, end_of(tmp_path))
    log.write(loss(2))
    assert tail.read() == [loss(2)]


def test_a_half_written_line_waits_for_its_other_half(tmp_path: Path) -> None:
    path = run_folder.events_file(tmp_path)
    line = events.encode(loss(1)) + b"\n"
    tail = Tail(tmp_path)
    for cut in range(len(line)):
        path.write_bytes(line[:cut])
        assert tail.read() == []
    path.write_bytes(line)
    assert tail.read() == [loss(1)]


def test_a_tail_passes_over_what_it_does_not_know(tmp_path: Path) -> None:
    lines = [
        b'{"type":"from_the_future","time":1}',
        b"\xff\xfe not text",
        b'{"type":"metric"}',
        b"",
        events.encode(loss(1)),
    ]
    run_folder.events_file(tmp_path).write_bytes(b"\n".join(lines) + b"\n")
    assert Tail(tmp_path).read() == [loss(1)]


def test_a_run_that_goes_on_drops_the_half_line_of_the_one_that_was_killed(tmp_path: Path) -> None:
    Log(tmp_path).write(loss(1))
    with run_folder.events_file(tmp_path).open("ab") as file:
        file.write(b'{"type":"met')
    tail = Tail(tmp_path)
    assert tail.read() == [loss(1)]
    Log(tmp_path).write(loss(2))
    assert tail.read() == [loss(2)]


def test_five_viewers_in_threads_see_the_same_run(tmp_path: Path) -> None:
    log = Log(tmp_path)
    seen: list[list[events.AnyEvent]] = [[] for _ in range(5)]

    def view(found: list[events.AnyEvent]) -> None:
        tail = Tail(tmp_path)
        while not found or found[-1] != END:
            found += tail.read()

    viewers = [threading.Thread(target=view, args=(found,)) for found in seen]
    for viewer in viewers:
        viewer.start()
    for step in range(1, 201):
        log.write(loss(step))
    log.last_word(END)
    for viewer in viewers:
        viewer.join()
    assert all(found == [*map(loss, range(1, 201)), END] for found in seen)


def test_every_line_is_strict_json_even_for_a_loss_that_is_not_a_number(tmp_path: Path) -> None:
    Log(tmp_path).write(loss(1, float("nan")), loss(2, float("inf")), loss(3, float("-inf")))

    def refuse(word: str) -> None:
        raise AssertionError(word)

    lines = run_folder.events_file(tmp_path).read_text().splitlines()
    assert [json.loads(line, parse_constant=refuse)["value"] for line in lines] == ["nan", "inf", "-inf"]
    assert [str(float(event.value)) for event in Tail(tmp_path).read()] == ["nan", "inf", "-inf"]  # type: ignore[union-attr]


FILL = """
import errno, sys
from pathlib import Path
from ptlearn_tui import events
from ptlearn_tui.runs.write import Log
folder = Path(sys.argv[1])
log = Log(folder)
step = 0
try:
    while True:
        step += 1
        log.write(events.Metric(name="loss", step=step, value=1.0))
except OSError as error:
    assert error.errno == errno.ENOSPC, error
log.last_word(events.End(status="failed", seconds=0.0, message="full"))
content = (folder / "events.jsonl").read_bytes()
assert content.endswith(b"\\n")
print(step, len(content.splitlines()))
print(content.splitlines()[-1].decode())
"""


def test_a_full_disk_leaves_whole_lines_and_room_for_the_last_word(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    script = f'mount -t tmpfs -o size=64k none "{tmp_path}" && exec "$0" -c "$1" "{tmp_path}"'
    command = [unshare or "", "--user", "--map-root-user", "--mount", "sh", "-c", script, sys.executable, FILL]
    if not unshare or subprocess.run([*command[:4], "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts, last = done.stdout.splitlines()
    written, lines = map(int, counts.split())
    assert written == lines > 100  # the step that failed left nothing; the end stands in its place
    assert events.decode(last) == events.End(status="failed", seconds=0.0, message="full")
