"""Training, measured: accuracy and images/s over five seeds, and loading compared with a DataLoader.

``python bench/training.py [--data DIR] [--epochs 2]``: without ``--data`` on the bundled sample. Prints medians and
ratios; absolute times depend on the machine and on who else uses it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = 5

COMMAND = [sys.executable, "-c", "import sys; from ptlearn_tui.cli import main; sys.exit(main())"]


def train(epochs: int, data: str | None) -> None:
    """Five runs of the installed command, one after the other."""
    accuracies, speeds, seconds = [], [], []
    for seed in range(SEEDS):
        with tempfile.TemporaryDirectory() as home:
            command = [*COMMAND, "train", "mnist", "--json", "--device", "cpu"]
            command += ["--epochs", str(epochs), "--seed", str(seed), *(["--data", data] if data else [])]
            began = time.perf_counter()
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, env={**os.environ, "PTLEARN_HOME": home}
            )
            seconds.append(time.perf_counter() - began)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        accuracies.append([event["accuracy"] for event in events if event["type"] == "eval"][-1])
        speeds.append(events[-1]["images_per_second"])
        say(
            f"seed {seed}   {accuracies[-1]:.4f}   {speeds[-1]:,.0f} images/s   {seconds[-1]:.1f} s from command to end"
        )
    say(f"accuracy     lowest {min(accuracies):.4f}   median {median(accuracies):.4f}")
    say(f"speed        median {median(speeds):,.0f} images/s")


def load(rounds: int = 3) -> None:
    """One epoch of loading alone: our batches against what most tutorials write."""
    import gzip

    import torch
    import torchvision

    from ptlearn_tui.training import data, datasets

    torch.set_num_threads(1)
    found = datasets.find_made("mnist")
    with tempfile.TemporaryDirectory() as root:
        raw = Path(root) / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for file in found.folder.glob("*.gz"):
            (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
        v = torchvision.transforms
        transform = v.Compose([v.ToTensor(), v.Normalize((0.1307,), (0.3081,))])
        usual = torchvision.datasets.MNIST(root, train=True, transform=transform)
        images = data.Images(*datasets.read(found, "train"), 28, torch.device("cpu"))

        def ours() -> None:
            order = data.order(len(images), 0, 0)
            for start in range(0, len(order), 64):
                images.batch(order[start : start + 64])

        def theirs() -> None:
            for _ in torch.utils.data.DataLoader(usual, batch_size=64, shuffle=True):
                pass

        mine = median(timed(ours) for _ in range(rounds))
        other = median(timed(theirs) for _ in range(rounds))
    say(f"loading      {mine * 1e3:.0f} ms for {len(images):,}; DataLoader {other * 1e3:.0f} ms: {other / mine:.0f}×")


def timed(work: Callable[[], None]) -> float:
    """Seconds that `work()` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    load()
    train(options.epochs, options.data)
