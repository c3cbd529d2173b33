"""The ordinary way to load data, for comparison: a `DataLoader` over a `Dataset` with torchvision's transforms.

Each picture is made a PIL image, converted and standardised by itself, in Python, in worker processes where there are
cores for them. It works for data that does not fit into memory and for anything that can be opened by index, which is
why everybody begins with it; `data.Images` is what is left when the data is small.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from ptlearn_tui.training.data import cut_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptlearn_tui.training.data import Prepare
    from ptlearn_tui.training.datasets import DataSet


class Pictures(Dataset[tuple[Tensor, int]]):
    """A split, one picture at a time, transformed as tutorials do it."""

    def __init__(self, pixels: bytearray, labels: bytearray, data_set: DataSet, prepare: Prepare) -> None:
        images = torch.frombuffer(pixels, dtype=torch.uint8).view(-1, *data_set.shape)
        self.images = images.permute(0, 2, 3, 1).squeeze(3).numpy()  # (count, side, side[, 3]), as PIL has it
        self.labels = labels
        side = data_set.shape[1] + 2 * prepare.border
        steps: list[object] = [transforms.ToPILImage()]
        if prepare.border:
            steps.append(transforms.Pad(prepare.border))
        if prepare.shift:
            steps.append(transforms.RandomCrop(side, padding=prepare.shift, padding_mode="reflect"))
        if prepare.flip:
            steps.append(transforms.RandomHorizontalFlip())
        steps += [transforms.ToTensor(), transforms.Normalize(data_set.mean, data_set.std)]
        if prepare.cutout:
            steps.append(transforms.Lambda(lambda picture: cut_out(picture[None], prepare.cutout)[0]))
        self.transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.images[index]), self.labels[index]


class Loader:
    """Batches of `Pictures`, through a `DataLoader`."""

    resumable = False  # workers load ahead, each with random numbers of its own: there is no place to go back to

    def __init__(self, pictures: Pictures, device: torch.device, memory_format: torch.memory_format) -> None:
        self.device = device
        self._pictures = pictures
        self._format = memory_format

    def __len__(self) -> int:
        return len(self._pictures)

    def epoch(self, order: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """As `data.Batches` has it."""
        seed = int(torch.randint(2**62, ()))
        loader = DataLoader(
            self._pictures,
            batch_size=batch_size,
            sampler=order.tolist(),
            num_workers=workers(),
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator().manual_seed(seed),
        )
        for images, targets in loader:
            there = images.to(self.device, non_blocking=True, memory_format=self._format)
            yield there, targets.to(self.device, non_blocking=True)


def workers() -> int:
    """Worker processes: a core each beside the training's own, four at most; none where there is no core to spare."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, cores - 2) if cores > 2 else 0
