"""A run from its first event to its last, in this process. Imports torch when it begins."""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING

from ptlearn_tui import events
from ptlearn_tui.training import failure, prepare

if TYPE_CHECKING:
    import queue
    from pathlib import Path

    import torch

    from ptlearn_tui.runs.control import Command
    from ptlearn_tui.runs.folder import Request
    from ptlearn_tui.runs.write import Log
    from ptlearn_tui.training.loop import Loop
    from ptlearn_tui.training.ranks import Alone, Silence


def train(
    folder: Path,
    request: Request,
    files: prepare.Files | None,
    commands: queue.SimpleQueue[Command],
    log: Log,
    resume: bool,
) -> events.End:
    """Train, and give an end whatever happens: only a killed process has none."""
    began, loop, message = time.monotonic(), None, ""
    try:
        from ptlearn_tui.training import device as devices
        from ptlearn_tui.training.ranks import Alone

        loop = begin(folder, request, files, commands, log, devices.choose(request.device), Alone(), resume)
        status = loop.run()
    except Exception as error:  # whatever it is, the viewers are told
        traceback.print_exc()
        status, message = "failed", failure.explain(error, folder, loop)
    seconds = loop.clock() if loop else round(time.monotonic() - began, 4)
    return end(loop, status, seconds, message)


def begin(
    folder: Path,
    request: Request,
    files: prepare.Files | None,
    commands: queue.SimpleQueue[Command],
    log: Log | Silence,
    device: torch.device,
    ranks: Alone,
    resume: bool,
) -> Loop:
    """Make what the request asks for, and write the `run` event. Raises `RequestError`, and what PyTorch raises."""
    import torch

    from ptlearn_tui.training import checkpoints
    from ptlearn_tui.training import device as devices
    from ptlearn_tui.training.loop import Loop

    state = checkpoints.load(folder / checkpoints.LAST) if resume else None
    threads = request.threads or devices.threads(ranks.size)
    torch.set_num_threads(state["threads"] if state else threads)  # other counts round otherwise
    devices.seed_all(request.seed)
    plan = prepare.make_plan(request, files, device, ranks)
    devices.seed_all(request.seed + ranks.rank)  # every rank moves and drops by itself
    offset = time.monotonic() - (state["seconds"] if state else 0.0)
    loop = Loop(plan, folder, log, commands, clock=lambda: round(time.monotonic() - offset, 4))
    log.write(prepare.describe(request, files, plan, loop.clock()))
    if state:
        loop.restore(state)
        loop.note("resume")
    if request.config.get("compile"):
        loop.note("compile")
    return loop


def end(loop: Loop | None, status: str, seconds: float, message: str = "") -> events.End:
    """The last event."""
    speed = loop.meter.images / loop.meter.seconds if loop and loop.meter.seconds else 0.0
    return events.End(time=seconds, status=status, seconds=seconds, images_per_second=round(speed, 1), message=message)
