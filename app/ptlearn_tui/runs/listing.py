"""What runs there are and how they stand; stop one, remove one."""

from __future__ import annotations

import os
import shutil
import signal
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from ptlearn_tui import events, home
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import control
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.last import Last

if TYPE_CHECKING:
    from pathlib import Path

BIRTH = 10.0
"""Seconds that a new run's process has to take its lock before the run counts as lost."""


class Summary(Struct, frozen=True, kw_only=True):
    """One run, as `runs --json` gives it."""

    id: str
    recipe: str
    status: str  # "running", "paused", "finished", "stopped", "failed", "lost"
    epoch: int  # epochs completed
    step: int  # the last that was logged
    accuracy: float | None  # on the test set, after the last epoch
    started: float  # seconds since 1970
    pid: int | None  # of the living process
    epochs: int
    host: str = ""
    message: str = ""  # why it failed


def summary(folder: Path, now: float | None = None) -> Summary:
    """How the run stands, from the last line of each kind in its log. Raises `RequestError`."""
    request = run_folder.read_request(folder)
    pid = run_folder.owner(folder)  # first: a run that ends meanwhile has written its end by then
    last = _logs.setdefault(folder, Last(folder))
    last.update()
    begun, end = last.position("run"), last.position("end")
    status = "lost"
    message = ""
    if pid is not None:
        note = last.event("note", events.Note, after=begun)
        status = "paused" if note is not None and note.action == "pause" else "running"
    elif end > begun:
        ended = last.event("end", events.End)
        if ended is not None:
            status, message = ended.status, ended.message
    elif not (folder / "lock").exists():
        status = "running" if (time.time() if now is None else now) < request.started + BIRTH else "lost"
    run = last.event("run", events.Run)
    score = last.event("eval", events.Eval)
    metric = last.event("metric", events.Metric)
    step = metric.step if metric else 0
    return Summary(
        id=request.id,
        recipe=request.recipe,
        status=status,
        epoch=step // run.steps_per_epoch if run and run.steps_per_epoch else 0,
        step=step,
        accuracy=score.accuracy if score else None,
        started=request.started,
        pid=pid or None,
        epochs=int(request.config.get("epochs", 0)),
        host=request.host,
        message=message,
    )


_logs: dict[Path, Last] = {}


def summaries() -> list[Summary]:
    """All runs, the newest first. A folder that is no run, or is unreadable, is passed over.

    The dashboard asks every second: of each log only what is new is read.
    """
    found = []
    for folder in home.runs_folder().iterdir():
        try:
            found.append(summary(folder))
        except RequestError:
            pass
    return sorted(found, key=lambda run: run.started, reverse=True)


def stop(folder: Path, by: str = "") -> None:
    """Ask a run to stop after its step, with a checkpoint.

    Raises `RequestError` for one that is not alive or not here.
    """
    pid = run_folder.owner(folder)
    if pid is None:
        raise RequestError(t("{id} is not running", id=folder.name))
    answer = control.send(folder, control.Command("stop", by=by))
    if not answer.ok:
        if not pid:
            raise RequestError(answer.message)
        os.kill(pid, signal.SIGTERM)  # its socket is gone or stuck; it takes this as the same wish


def remove(folder: Path) -> None:
    """Delete a run with its checkpoints. Raises `RequestError` for one that is alive."""
    if run_folder.owner(folder) is not None:
        raise RequestError(t("{id} is running; stop it first: ptlearn-tui runs stop {id}", id=folder.name))
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RequestError(f"{folder}: {error.strerror}") from error
