"""`mnist-fast` beside a plain script: how soon each is right on 99 of 100 digits of the whole test set.

    python bench/mnist.py --data DIR [--seeds 5]

Both in processes of their own, on the same cores, in turns. Timed from the first byte of data that is read to the
score, in seconds of each one's own clock: reading, training and scoring, not importing torch, which both do. The
script has 30 lines: two 5×5 convolutions of 16 and 32 channels with batch normalisation, AdamW, one cycle, batches of
256. Its time is that of one epoch, after which it stands at 99 % or just below. It unpacks beside what it finds: let
DIR be a copy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median

PROGRAM = str(Path(sys.executable).with_name("ptlearn-tui"))

SCRIPT = """
import sys, time
import torch, torchvision
import torch.nn.functional as F
from torch import nn

root, epochs, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.manual_seed(seed)
began = time.perf_counter()

def load(train):
    found = torchvision.datasets.MNIST(root, train=train, download=True)
    return ((found.data[:, None].float() / 255 - 0.1307) / 0.3081), found.targets

(x, y), (test_x, test_y) = load(True), load(False)
net = nn.Sequential(
    nn.Conv2d(1, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 5), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(512, 10))
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=epochs * (len(x) // 256 + 1))
for epoch in range(epochs):
    net.train()
    for batch in torch.randperm(len(x)).split(256):
        loss = F.cross_entropy(net(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    net.eval()
    with torch.inference_mode():
        right = sum((net(a).argmax(1) == b).sum().item() for a, b in zip(test_x.split(1000), test_y.split(1000)))
    print(right / len(test_y), time.perf_counter() - began, flush=True)
"""


Scores = list[tuple[float, float]]
"""Accuracy and seconds after each epoch."""


def script(root: str, epochs: int, seed: int) -> Scores:
    command = [sys.executable, "-c", SCRIPT, root, str(epochs), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [(float(score), float(seconds)) for score, seconds in map(str.split, done.stdout.splitlines())]


def recipe(root: str, epochs: int, seed: int, reading: float, *more: str) -> Scores:
    """Of `mnist-fast`. The clock of a run begins when its data is read: the reading is added."""
    with tempfile.TemporaryDirectory() as home:
        command = [PROGRAM, "train", "mnist-fast", "--json", "--device", "cpu", "--data", root]
        command += ["--epochs", str(epochs), "--seed", str(seed), *more]
        environment = {**os.environ, "PTLEARN_HOME": home}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [(event["accuracy"], event["time"] + reading) for event in found if event["type"] == "eval"]


READING = """
import sys, time
from ptlearn_tui.training import datasets
began = time.perf_counter()
found = datasets.find("mnist", sys.argv[1])
for split in datasets.SPLITS: datasets.read(found, split)
print(time.perf_counter() - began)"""


def summary(name: str, runs: list[Scores], than: list[float] | None = None) -> str:
    """Mean accuracy after each epoch, median seconds of the last, and how much sooner it is there."""
    scores = "  ".join(f"{mean(run[epoch][0] for run in runs):.4f}" for epoch in range(len(runs[0])))
    seconds = median(run[-1][1] for run in runs)
    line = f"{name:34}{scores:26}{seconds:6.1f} s"
    if than is not None:
        ratio = median(theirs / run[-1][1] for theirs, run in zip(than, runs, strict=True))
        line += f"   {ratio:.2f}× as soon"
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    root = str(Path(options.data).absolute())
    done = subprocess.run([sys.executable, "-c", READING, root], capture_output=True, text=True, check=True)
    reading = float(done.stdout)
    cores = str(len(os.sched_getaffinity(0)))
    plain, one, every, three = [], [], [], []
    for seed in range(options.seeds):
        plain.append(script(root, 1, seed))
        one.append(recipe(root, 1, seed, reading))
        every.append(recipe(root, 1, seed, reading, "--threads", cores))
        three.append(recipe(root, 3, seed, reading))
        last = "   ".join(f"{runs[-1][-1][0]:.4f} {runs[-1][-1][1]:5.1f} s" for runs in (plain, one, every, three))
        print(f"seed {seed}: {last}", flush=True)
    there = [run[-1][1] for run in plain]
    print(summary(f"the script, {cores} threads", plain))
    print(summary("mnist-fast, one core left free", one, there))
    print(summary(f"mnist-fast, {cores} threads", every, there))
    print(summary("mnist-fast, three epochs", three))


if __name__ == "__main__":
    main()
