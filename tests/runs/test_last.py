from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptlearn_tui import events
from ptlearn_tui.runs import last
from ptlearn_tui.runs.last import Last

if TYPE_CHECKING:
    from pathlib import Path


def metric(step: int) -> bytes:
    return events.encode(events.Metric(time=0.0, name="loss", step=step, value=1.0)) + b"\n"


RATE = events.encode(events.Metric(time=0.0, name="rate", step=99, value=1.0)) + b"\n"
END = events.encode(events.End(time=1.0, status="finished", seconds=1.0)) + b"\n"


def step(log: Last) -> int | None:
    log.update()
    found = log.event("metric", events.Metric)
    return found.step if found else None


def test_only_what_was_added_is_read(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    log = Last(tmp_path)
    assert step(log) is None
    file.write_bytes(metric(1) + RATE)
    assert step(log) == 1  # a rate is no loss
    # What has been read is not read again: were it, this would be seen.
    with file.open("r+b") as changed:
        changed.write(metric(7))
    assert step(log) == 1
    with file.open("ab") as more:
        more.write(metric(2))
    assert step(log) == 2


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
def test_lines_that_are_written_or_read_in_pieces_count_when_they_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(last, "CHUNK", chunk)
    whole = metric(1) + RATE + metric(2) + END + metric(3)
    file = tmp_path / "events.jsonl"
    log = Last(tmp_path)
    seen = []
    for length in range(0, len(whole) + 1, 5):
        with file.open("ab") as more:
            more.write(whole[max(0, length - 5) : length])
        seen.append(step(log))
    with file.open("ab") as more:
        more.write(whole[len(whole) // 5 * 5 :])
    seen.append(step(log))
    assert [each for at, each in enumerate(seen) if not at or each != seen[at - 1]] == [None, 1, 2, 3]
    assert log.position("end") == whole.index(END)
    assert log.position("run") == -1


def test_a_log_that_was_cut_off_or_replaced_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(metric(1) + metric(2) + END)
    log = Last(tmp_path)
    assert step(log) == 2
    file.write_bytes(metric(1))  # as a full disk does
    assert step(log) == 1
    assert log.position("end") == -1
    file.rename(tmp_path / "old")
    file.write_bytes(metric(5) + metric(6) + metric(7))
    assert step(log) == 7
    file.unlink()
    assert step(log) is None
