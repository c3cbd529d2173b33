"""An epoch of loading alone: batches by index from memory against the `DataLoader` of most tutorials.

    python bench/loading.py [--data DIR] [--rounds 3]

Batches of 64 of MNIST, standardised. The `DataLoader` opens torchvision's own set with ToTensor and Normalize, with
0, 1, 2, … workers; the fastest number counts. In turns, medians; aim: at least 10 times as fast.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

from ptlearn_tui.training import data, datasets
from ptlearn_tui.training.datasets.idx import Idx, body_of, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 64


def unpacked(found: datasets.Found, root: str) -> str:
    """The set as torchvision wants it, in `root`."""
    raw = Path(root) / "MNIST" / "raw"
    raw.mkdir(parents=True)
    assert found.folder
    for split in datasets.SPLITS:
        for file in Idx("MNIST/raw").files(found.folder, split):
            shape = shape_of(file)
            header = bytes((0, 0, 8, len(shape))) + b"".join(size.to_bytes(4) for size in shape)
            (raw / file.name.removesuffix(".gz")).write_bytes(header + body_of(file))
    return root


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = datasets.find("mnist", options.data)
    images = data.Images(*datasets.read(found, "train"), found.data_set, torch.device("cpu"))
    workers = range(len(os.sched_getaffinity(0)) + 1)
    with TemporaryDirectory() as root:
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
        usual = MNIST(unpacked(found, root), train=True, transform=transform)

        def ours() -> None:
            for _ in images.epoch(data.order(len(images), 0, 0), BATCH):
                pass

        def theirs(count: int) -> None:
            for _ in DataLoader(usual, batch_size=BATCH, shuffle=True, num_workers=count):
                pass

        ours()  # warm
        mine, others = [], {count: [] for count in workers}
        for _ in range(options.rounds):
            mine.append(seconds(ours))
            for count in workers:
                others[count].append(seconds(lambda count=count: theirs(count)))
    best = min(workers, key=lambda count: median(others[count]))
    for count in workers:
        print(f"DataLoader, {count} workers  {median(others[count]):8.2f} s")
    ratio = median(others[best]) / median(mine)
    print(f"from memory             {median(mine):8.2f} s for {len(images):,} images: {ratio:.0f}×")


if __name__ == "__main__":
    main()
