"""One of several processes that train together, as torchrun starts them. Imports torch.

Launched by `launcher.py` it is told its run's folder; under a torchrun of somebody else's it is told the recipe, and
rank 0 makes the folder. No rank outlives whoever started it.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from torch.distributed.elastic.multiprocessing.errors import record

from ptlearn_tui import events, locale
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import control
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.write import Log
from ptlearn_tui.training import arguments, catalog, failure, prepare, run
from ptlearn_tui.training import device as devices
from ptlearn_tui.training.launcher import LAUNCHER
from ptlearn_tui.training.ranks import Silence, Team

if TYPE_CHECKING:
    import torch

    from ptlearn_tui.runs.folder import Request

LOOK = 0.2
"""Seconds between two looks whether the launcher lives."""

LAUNCHED = LAUNCHER in os.environ
"""By us: then it is the launcher that knows which rank failed first, and says so."""


GONE = "the process that launched it has ended it, or has ended itself"


@record  # what is raised here is what torchrun tells of this rank
def main() -> None:
    """Be a rank. Raises what the training raises; `SystemExit` 2 for a wrong request."""
    options = _options()
    locale.use(options.lang)
    first = os.environ["RANK"] == "0"
    if first:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # for `Guard`; before there are other threads
    else:
        _die_with_parent()
    here = int(os.environ.get("LOCAL_WORLD_SIZE", os.environ["WORLD_SIZE"]))
    try:
        device = devices.choose(options.device or "auto", here, int(os.environ.get("LOCAL_RANK", "0")))
        request = _request(options)
        files = prepare.read_data(request)
        folder = _folder(options, request) if first else Path()
    except RequestError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error
    team = Team(device)
    if first:
        _lead(folder, request, files, team, device, resume=options.resume)
    else:
        folder = team.share(folder)  # read once, to go on from its checkpoint
        run.begin(folder, request, files, queue.SimpleQueue(), Silence(), device, team, options.resume).run()
        team.close()
    sys.stderr.flush()
    os._exit(0)  # all is said and written; taking PyTorch down would take another second


def _lead(
    folder: Path,
    request: Request,
    files: prepare.Files | None,
    team: Team,
    device: torch.device,
    *,
    resume: bool,
) -> None:
    """Rank 0: writes the log and takes commands."""
    began, log, server = time.monotonic(), Log(folder), control.Server(folder)
    guard = Guard(log, began)
    guard.start()
    request = run_folder.read_request(folder)
    team.share(folder)
    loop = None
    try:
        loop = run.begin(folder, request, files, server.commands, log, device, team, resume)
        status = loop.run()
    except Exception as error:
        if LAUNCHED and not isinstance(error, OSError | MemoryError | RequestError):
            # Most likely the others are gone. The launcher knows why and ends this process, or is gone itself.
            guard.join(3 * LOOK)
        else:
            message = failure.explain(error, folder, loop)
            log.last_word(run.end(loop, "failed", round(time.monotonic() - began, 4), message))
        raise
    finally:
        server.close()
    end = run.end(loop, status, loop.clock())
    team.close()
    log.last_word(end)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="torchrun … -m ptlearn_tui.training")
    parser.add_argument("what", metavar="RECIPE")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--lang", default="en")
    parser.add_argument("--data", metavar="DIR")
    arguments.add(parser)
    return parser.parse_args()


def _request(options: argparse.Namespace) -> Request:
    """Of the run's folder, or, under somebody else's torchrun, of the command line. Raises `RequestError`."""
    if LAUNCHED:
        return run_folder.read_request(Path(options.what))
    settings = {name: getattr(options, name) for name in arguments.SETTINGS}
    return catalog.request(options.what, **settings, data=options.data, ranks=int(os.environ["WORLD_SIZE"]))


def _folder(options: argparse.Namespace, request: Request) -> Path:
    """The run's, made now where torchrun is not ours. Raises `RequestError`."""
    if LAUNCHED:
        return Path(options.what)
    folder = run_folder.create(request)
    run_folder.hold(folder)
    sys.stdout.write(f"{folder.name}\n")
    sys.stdout.flush()
    return folder


class Guard(threading.Thread):
    """Ends rank 0 when its launcher has died or ends it: the main thread may wait for the others, and never wake."""

    def __init__(self, log: Log, began: float) -> None:
        super().__init__(name="guard", daemon=True)
        self._log = log
        self._began = began
        self._parent = os.getppid()

    @property
    def orphaned(self) -> bool:
        """Whether the launcher has died."""
        return os.getppid() != self._parent

    def run(self) -> None:
        """SIGTERM is blocked in every thread, and waited for here."""
        asked = None
        while asked is None and not self.orphaned:
            asked = signal.sigtimedwait({signal.SIGTERM}, LOOK)
        if not LAUNCHED or asked is None:
            seconds = round(time.monotonic() - self._began, 4)
            self._log.last_word(events.End(time=seconds, status="failed", seconds=seconds, message=t(GONE)))
        os._exit(1)


def _die_with_parent() -> None:
    """The kernel ends this process when the thread that started it ends (PR_SET_PDEATHSIG is 1)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() == 1:
            os._exit(1)
