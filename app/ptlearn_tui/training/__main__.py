"""The process of a training run: ``python -m ptlearn_tui.training FOLDER``, started by `runs.launch`.

Says one word on the descriptor that ``--ready`` names: nothing (its end is closed) once it is alive and its data is
read, or why it won't begin. From then on it speaks through its folder only: events.jsonl, control.sock, log.txt.

Under torchrun it is one of several: ``torchrun … -m ptlearn_tui.training RECIPE``, with the options of
`ptlearn-tui train`, is a run of its own, whose rank 0 makes the folder.
"""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui import locale
from ptlearn_tui.errors import RequestError
from ptlearn_tui.runs import control
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.launch import REFUSED
from ptlearn_tui.runs.write import Log
from ptlearn_tui.training import prepare, run

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Be the run. Returns when it has ended; its status is in the log."""
    if "RANK" in os.environ:
        from ptlearn_tui.training import rank

        rank.main()
        return
    parser = argparse.ArgumentParser(prog="python -m ptlearn_tui.training")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--ready", type=int)
    parser.add_argument("--lang", default="en")
    options = parser.parse_args()
    locale.use(options.lang)
    if options.ready is not None and os.fork():
        os._exit(0)  # the run is the orphaned child: whoever started it need not stay to reap it
    ready = os.dup(1) if options.ready is None else options.ready
    folder: Path = options.folder
    try:
        lock = run_folder.hold(folder)
        request = run_folder.read_request(folder)
        files = prepare.read_data(request)
        half = request.config.get("precision") == "float16"
        if half or request.device not in ("auto", "cpu"):  # those are always there; torch takes seconds to tell more
            from ptlearn_tui.training import device as devices

            devices.check(request.device, request.ranks, half=half)
        log = Log(folder)
        server = control.Server(folder) if request.ranks == 1 else None
    except (RequestError, OSError) as error:
        why = run_folder.unwritable(folder, error) if isinstance(error, OSError) else str(error)
        os.write(ready, f"{REFUSED}{why}".encode())
        return
    if server is None:
        from ptlearn_tui.training import launcher

        log.close()  # rank 0 writes it
        os.close(ready)
        launcher.launch(folder, request, resume=options.resume)
    else:
        take_signals(server)
        os.close(ready)
        end = run.train(folder, request, files, server.commands, log, options.resume)
        server.close()
        log.last_word(end)
    os.close(lock)


def take_signals(server: control.Server) -> None:
    """SIGTERM, as a shutdown sends it, is a wish to stop like any other: after this step, with a checkpoint."""

    def ask_to_stop(signum: int, _: FrameType | None) -> None:
        server.commands.put(control.Command("stop", by=signal.Signals(signum).name))

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)


if __name__ == "__main__":
    main()
