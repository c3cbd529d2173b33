"""The process of a training run: ``python -m ptlearn_tui.training FOLDER``, started by `runs.launch`.

Says one word on the descriptor that ``--ready`` names: nothing (its end is closed) once it is alive and its
data is read, or why it won't begin. From then on it speaks through its folder only: events.jsonl,
control.sock, log.txt.
"""

from __future__ import annotations

import argparse
import errno
import os
import platform
import signal
import time
import traceback
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui import events, locale
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import control
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.launch import REFUSED
from ptlearn_tui.runs.write import Log
from ptlearn_tui.training import catalog, datasets

if TYPE_CHECKING:
    from types import FrameType

    import torch

    from ptlearn_tui.training.loop import Loop, Plan


@dataclass(frozen=True)
class Files:
    """A recipe's data, read and checked, and not yet tensors: torch is imported later."""

    found: datasets.Found
    train: tuple[bytearray, bytearray]  # pixels, labels
    test: tuple[bytearray, bytearray]


def main() -> None:
    """Be the run. Returns when it has ended; its status is in the log."""
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
    try:
        lock = run_folder.hold(options.folder)
        request = run_folder.read_request(options.folder)
        files = read_data(request)
        if request.device not in (
            "auto",
            "cpu",
        ):  # those are always there; torch takes seconds to tell of others
            from ptlearn_tui.training import device as devices

            devices.choose(request.device)
        server, log = control.Server(options.folder), Log(options.folder)
        take_signals(server)
    except (RequestError, OSError) as error:
        os.write(ready, f"{REFUSED}{error}".encode())
        return
    os.close(ready)
    run(options.folder, request, files, server, log, resume=options.resume)
    os.close(lock)


def read_data(request: run_folder.Request) -> Files | None:
    """Read a recipe's data set whole; None where it makes its own. Raises `RequestError`."""
    recipe = catalog.get(request.recipe)
    if recipe.data_set is None or request.data is None:
        return None
    found = datasets.find_again(recipe.data_set, request.data)
    return Files(found, datasets.read(found, "train"), datasets.read(found, "test"))


def take_signals(server: control.Server) -> None:
    """SIGTERM, as a shutdown sends it, is a wish to stop like any other: after this step, with a checkpoint."""

    def ask_to_stop(signum: int, _: FrameType | None) -> None:
        server.commands.put(control.Command("stop", by=signal.Signals(signum).name))

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)


def run(
    folder: Path,
    request: run_folder.Request,
    files: Files | None,
    server: control.Server,
    log: Log,
    resume: bool,
) -> None:
    """Train, and write an end whatever happens: only a killed process leaves none."""
    began, loop, message = time.monotonic(), None, ""
    try:
        loop = prepare(folder, request, files, server, log, resume)
        status = loop.run()
    except Exception as error:  # whatever it is, the viewers are told
        status, message = "failed", explain(error, folder)
        traceback.print_exc()
    server.close()
    seconds = loop.clock() if loop else round(time.monotonic() - began, 4)
    speed = loop.meter.images / loop.meter.seconds if loop and loop.meter.seconds else 0.0
    log.last_word(
        events.End(
            time=seconds,
            status=status,
            seconds=seconds,
            images_per_second=round(speed, 1),
            message=message,
        )
    )


def prepare(
    folder: Path,
    request: run_folder.Request,
    files: Files | None,
    server: control.Server,
    log: Log,
    resume: bool,
) -> Loop:
    """Import torch, make what the request asks for, and write the `run` event. Raises `RequestError`."""
    import torch

    from ptlearn_tui.training import checkpoints
    from ptlearn_tui.training import device as devices
    from ptlearn_tui.training.loop import Loop

    state = checkpoints.load(folder / checkpoints.LAST) if resume else None
    torch.set_num_threads(state["threads"] if state else devices.threads())  # other counts round otherwise
    devices.seed_all(request.seed)
    plan = make_plan(request, files, devices.choose(request.device))
    offset = time.monotonic() - (state["seconds"] if state else 0.0)
    loop = Loop(plan, folder, log, server.commands, clock=lambda: round(time.monotonic() - offset, 4))
    log.write(describe(request, files, plan, loop.clock()))
    if state:
        loop.restore(state)
        loop.note("resume")
    return loop


def make_plan(request: run_folder.Request, files: Files | None, device: torch.device) -> Plan:
    """The recipe's network and optimizer, and the data as tensors on the device."""
    from ptlearn_tui.training import data
    from ptlearn_tui.training.loop import Plan

    recipe = import_module(f"ptlearn_tui.training.recipes.{request.recipe}")
    config = request.config
    train: data.Batches
    test: data.Images | None = None
    classes: tuple[str, ...] = ()
    if files is None:
        train = recipe.Noise(config["batch_size"], device)
    else:
        side = files.found.data_set.side
        train, test = data.Images(*files.train, side, device), data.Images(*files.test, side, device)
        classes = files.found.data_set.classes
    steps = config["epochs"] * -(-len(train) // config["batch_size"])
    return Plan(
        recipe=recipe.Recipe(config["lr"], steps, device),
        train=train,
        test=test,
        classes=classes,
        epochs=config["epochs"],
        batch_size=config["batch_size"],
        seed=request.seed,
        device=device,
    )


def describe(request: run_folder.Request, files: Files | None, plan: Plan, now: float) -> events.Run:
    """The first event: everything that is needed to make the run again."""
    import torch

    versions = {name: metadata.version(name) for name in ("torch", "ptlearn-tui")}
    versions["python"] = platform.python_version()
    if plan.device.type == "cuda":
        versions["gpu"] = torch.cuda.get_device_name(plan.device)
    source: dict[str, object] = {
        "name": "noise",
        "kind": "synthetic",
        "train": len(plan.train),
        "test": 0,
        "path": None,
    }
    if files is not None:
        found = files.found
        source = {
            "name": found.data_set.name,
            "kind": found.kind,
            "train": found.train,
            "test": found.test,
            "path": None if found.kind == "sample" else str(found.folder),
        }
    return events.Run(
        time=now,
        id=request.id,
        recipe=request.recipe,
        config=request.config,
        seed=request.seed,
        device=str(plan.device),
        versions=versions,
        data=source,
        steps_per_epoch=plan.steps_per_epoch,
        threads=torch.get_num_threads(),
    )


def explain(error: Exception, folder: Path) -> str:
    """What went wrong, in one line for a person; the whole of it is in the run's log.txt."""
    log = run_folder.log_file(folder)
    if isinstance(error, RequestError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return t(
            "the disk is full: {folder}; free some space, then: ptlearn-tui train --resume {id}",
            folder=folder,
            id=folder.name,
        )
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return t("out of memory; try a smaller --batch-size ({log})", log=log)
    first = (str(error).splitlines() or [""])[0]
    return t("{kind}: {message} (whole: {log})", kind=type(error).__name__, message=first, log=log)


if __name__ == "__main__":
    main()
