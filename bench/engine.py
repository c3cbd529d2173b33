"""What the engine costs: its steps per second beside a bare loop's, and with dashboards that watch.

    python bench/engine.py [--data DIR] [--rounds 5] [--recipe mnist]

The bare loop has the same network, optimizer, schedule, pictures and threads, and nothing else. An epoch of each in
turns; medians of ratios. Aims: 0.97 alone, 0.95 with a dashboard.
"""

from __future__ import annotations

import argparse
import os
import pty
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F

from ptlearn_tui import events, runs
from ptlearn_tui.runs.write import Log
from ptlearn_tui.training import catalog, data, datasets, device
from ptlearn_tui.training.loop import Loop
from ptlearn_tui.training.plan import Plan

CPU = torch.device("cpu")
PROGRAM = str(Path(sys.executable).with_name("ptlearn-tui"))
WINDOW = 6.0  # seconds of a run that are watched, or not


def bare(recipe: Any, pixels: torch.Tensor, labels: torch.Tensor, options: Any, mean: float, std: float) -> None:
    """One epoch as a script would have it."""
    net, optimizer, schedule = recipe.net, recipe.optimizer, recipe.schedule
    net.train()
    total = torch.zeros(())
    for index in torch.randperm(len(labels)).split(options.batch_size):
        images = pixels[index].float().sub_(mean).div_(std)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), labels[index], label_smoothing=options.label_smoothing)
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.detach()
    total.item()


def alone(name: str, root: str | None, rounds: int) -> None:
    """In one process, in turns."""
    recipe, options = catalog.get(name), catalog.get(name).options
    module = import_module(recipe.module)
    found = datasets.find(recipe.data_set or "", root)
    prepare = data.Prepare(border=module.PREPARE.border)  # pictures as they are: the bare loop does not move them
    images = data.Images(*datasets.read(found, "train"), found.data_set, CPU, prepare)
    steps = -(-len(images) // options.batch_size)
    mean, std = (values[0] * 255 for values in (found.data_set.mean, found.data_set.std))
    ratios = []
    for turn in range(rounds + 1):
        device.seed_all(turn)
        theirs = module.Recipe(options, steps, CPU)
        mine = module.Recipe(options, steps, CPU)
        plan = Plan(mine, mine.net, images, None, (), 1, options.batch_size, turn, CPU)
        with tempfile.TemporaryDirectory() as folder:
            loop = Loop(plan, Path(folder), Log(Path(folder)), queue.SimpleQueue(), clock=time.monotonic)
            took = [0.0, 0.0]
            for which in (0, 1) if turn % 2 else (1, 0):
                start = time.perf_counter()
                loop.run() if which else bare(theirs, images.images, images.labels, options, mean, std)
                took[which] = time.perf_counter() - start
        if turn:  # the first is warm-up
            ratios.append(took[0] / took[1])
            print(f"   bare {steps / took[0]:6.0f} steps/s   engine {steps / took[1]:6.0f} steps/s   {ratios[-1]:.3f}")
    print(f"alone: {median(ratios):.3f} of a bare loop's steps per second")


def watched(name: str, root: str | None, rounds: int) -> None:
    """A real run, with a dashboard open on it and without, in turns."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PTLEARN_HOME"] = home
        folder = runs.start(catalog.request(name, epochs=100_000, device="cpu", data=root))
        tail = runs.Tail(folder)
        while not any(isinstance(event, events.Eval) for event in tail.read()):  # warm
            time.sleep(0.1)
        ratios = []
        for _ in range(rounds):
            without = speed(folder)
            viewer, master = pty.fork()
            if viewer == 0:
                os.execv(PROGRAM, [PROGRAM, "attach", folder.name])
            threading.Thread(target=drain, args=(master,), daemon=True).start()
            time.sleep(8)  # it opens, and torch is loaded in its server
            during = speed(folder)
            os.kill(viewer, signal.SIGTERM)
            os.waitpid(viewer, 0)
            ratios.append(during / without)
            print(f"   {without:6.0f} steps/s alone   {during:6.0f} steps/s watched   {ratios[-1]:.3f}")
        subprocess.run([PROGRAM, "runs", "stop", folder.name], check=True, capture_output=True)
    print(f"with a dashboard: {median(ratios):.3f} of its own speed")


def speed(folder: Path) -> float:
    """Training steps per second during the window; evaluations left out, as the run itself measures."""
    tail = runs.Tail(folder, runs.end_of(folder))
    time.sleep(WINDOW)
    rates = [event.images_per_second for event in tail.read() if isinstance(event, events.Timing)]
    request = runs.read_request(folder)
    return median(rates) / float(request.config["batch_size"])


def drain(master: int) -> None:
    try:
        while os.read(master, 1 << 16):
            pass
    except OSError:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--recipe", default="mnist")
    given = parser.parse_args()
    torch.set_num_threads(device.threads())
    alone(given.recipe, given.data, given.rounds)
    watched(given.recipe, given.data, given.rounds)
