"""Several ranks on this machine, by torchrun's own launcher: starts them, ends them together, and says why.

This process holds the run's lock; rank 0 writes the log and takes commands. Where a rank dies, torchrun ends the
others, and the end is written here, with the error of the first that failed. Where this process dies, the kernel ends
the others and rank 0 writes the end (`rank.py`).
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

from ptlearn_tui import events, locale
from ptlearn_tui.locale import t
from ptlearn_tui.runs import control
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.tail import Tail
from ptlearn_tui.runs.write import Log

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from ptlearn_tui.runs.folder import Request

MODULE = "ptlearn_tui.training"

HERE = "127.0.0.1"
"""Where the ranks meet: by number, since a hostname need not resolve."""

LAUNCHER = "PTLEARN_LAUNCHER"
"""In a rank's environment: the process that launched it and writes the end if it fails."""


def launch(folder: Path, request: Request, *, resume: bool) -> None:
    """Run all ranks to their end. Returns when no process of theirs is left."""
    _pass_on_stops(folder)
    os.environ |= {
        LAUNCHER: str(os.getpid()),
        "GLOO_SOCKET_IFNAME": os.environ.get("GLOO_SOCKET_IFNAME", "lo"),
    }
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=request.ranks,
        run_id=folder.name,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{HERE}:0",
        local_addr=HERE,
        max_restarts=0,
        monitor_interval=0.1,
        signals_to_handle="SIGQUIT",  # of the others torchrun would make an order to kill
    )
    command = ["-m", MODULE, str(folder), "--lang", locale.language(), *(["--resume"] if resume else [])]
    try:
        elastic_launch(config, sys.executable)(*command)
        message = ""
    except ChildFailedError as error:
        traceback.print_exc()
        rank, failure = error.get_first_failure()
        message = _why(folder, rank, failure.exitcode, failure.message)
    except Exception as error:
        traceback.print_exc()
        message = t("{kind}: {message} (whole: {log})", kind=type(error).__name__, message=error, log=_log(folder))
    last = _last(folder)
    if message and not isinstance(last, events.End):
        seconds = float(last.time) if last and isinstance(last.time, int | float) else 0.0
        log = Log(folder)
        log.last_word(events.End(time=seconds, status="failed", seconds=seconds, message=message))
        (folder / "control.sock").unlink(missing_ok=True)


def _why(folder: Path, rank: int, code: int, message: str | dict[str, object]) -> str:
    """In one line. A rank that was killed has left no message of its own."""
    if code < 0:
        name = signal.Signals(-code).name
        return t("process {rank} was ended by {signal} (whole: {log})", rank=rank, signal=name, log=_log(folder))
    text = message.get("message", "") if isinstance(message, dict) else message
    lines = [line for line in str(text).splitlines() if line.strip()]
    why = lines[-1].strip() if lines else f"exit {code}"
    return t("process {rank}: {message} (whole: {log})", rank=rank, message=why, log=_log(folder))


def _last(folder: Path) -> events.AnyEvent | None:
    """What rank 0 has said last: an end, if it knew why itself."""
    said = Tail(folder).read()
    return said[-1] if said else None


def _log(folder: Path) -> Path:
    return run_folder.log_file(folder)


def _pass_on_stops(folder: Path) -> None:
    """SIGTERM and SIGINT to this process become a command to rank 0, as soon as that can hear it."""
    wishes: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ask(signum: int, _: FrameType | None) -> None:
        wishes.put(signal.Signals(signum).name)

    def pass_on() -> None:
        while True:
            wish = wishes.get()
            while not control.send(folder, control.Command("stop", by=wish)).ok:
                time.sleep(0.1)

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    threading.Thread(target=pass_on, name="stops", daemon=True).start()
