"""Start a run as a process of its own, which outlives the terminal, the dashboard and this process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from ptlearn_tui import locale
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs import listing

if TYPE_CHECKING:
    from pathlib import Path

# By name, since nothing on this side of the house may import torch.
MODULE = "ptlearn_tui.training"

CHECKPOINT = "checkpoints/last.pt"
"""Where a run stands, in its folder."""

REFUSED = "refused "
"""What the run says of a request that it can't carry out; anything else it says is that it begins."""


def start(request: run_folder.Request) -> Path:
    """Start a new run; returns its folder once its process is alive and has read its data (0.2 s or so).

    With a device named other than "auto" or "cpu" this takes until torch has been imported and has found it
    (5 s). Raises `RequestError`, with no folder left behind, for a device that is not there or data that is
    broken. A process that dies otherwise leaves its folder with status "lost", and why in ``log.txt``.
    """
    folder = run_folder.create(request)
    try:
        _launch(folder)
    except RequestError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def resume(run_id: str) -> Path:
    """Go on with a run that was stopped, lost or failed, from its last checkpoint; returns its folder.

    Raises `RequestError` as `resumable` and `start` do.
    """
    folder = resumable(run_id)
    _launch(folder, "--resume")
    return folder


def resumable(run_id: str) -> Path:
    """The folder of a run that can go on. Raises `RequestError` if it is alive, has finished, or has no checkpoint."""
    folder = run_folder.find(run_id)
    status = listing.summary(folder).status
    if status in ("running", "paused"):
        raise RequestError(t("{id} is running already; watch it: ptlearn-tui attach {id}", id=run_id))
    if status == "finished":
        raise RequestError(t("{id} has finished; there is nothing to go on with", id=run_id))
    if not (folder / CHECKPOINT).exists():
        raise RequestError(t("{id} has no checkpoint to go on from; start it anew", id=run_id))
    return folder


def _launch(folder: Path, *options: str) -> None:
    """Run the module, detached, and wait for its first word."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", MODULE, str(folder), "--ready", str(writer)]
    command += ["--lang", locale.language(), *options]
    with os.fdopen(reader, encoding="utf-8") as answer:
        try:
            with run_folder.log_file(folder).open("ab") as log:
                # The process forks itself once more and exits, so that the run is nobody's child and leaves
                # no zombie. It stands in its own folder: a `random.py` where the learner stands must not
                # become the run's random.
                subprocess.run(
                    command,
                    check=False,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=(writer,),
                )
        except OSError as error:
            raise RequestError(run_folder.unwritable(folder, error)) from error
        finally:
            os.close(writer)
        word = answer.read()
    if word.startswith(REFUSED):
        raise RequestError(word[len(REFUSED) :])
