"""A data set in memory: read once, cut into batches by index, standardised a batch at a time on the device.

A `DataLoader` over a torchvision data set opens, converts and standardises one picture at a time in Python:
13-18 s for an epoch of MNIST. The whole set is 47 MB of bytes: kept as one tensor, an epoch's loading takes
well under 1 s.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN, STD = 0.1307 * 255, 0.3081 * 255
"""Of all training pixels of MNIST, 0..255; every PyTorch example uses them."""

BORDER = 2
"""Background pixels added on each side: 28×28 becomes the 32×32 that LeNet was made for."""


class Batches(Protocol):
    """What a training loop needs of its data."""

    def __len__(self) -> int:
        """Images in an epoch."""
        ...

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and targets at these places (int64, one dimension, on the CPU), on the device."""
        ...


class Images:
    """One split of a set of grey images, on the device as bytes."""

    def __init__(self, pixels: bytearray, labels: bytearray, side: int, device: torch.device) -> None:
        """`pixels`: count · side · side values of 0..255; `labels`: count."""
        images = torch.frombuffer(pixels, dtype=torch.uint8).view(-1, 1, side, side)
        self.images = F.pad(images, (BORDER,) * 4).to(device)  # (count, 1, side + 4, side + 4), uint8
        self.labels = torch.frombuffer(labels, dtype=torch.uint8).to(device, torch.int64)  # (count,)
        self.device = device

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, 1, side + 4, side + 4) float32 of mean 0 and spread 1, and (batch,) int64."""
        index = index.to(self.device, non_blocking=True)
        return self.images[index].float().sub_(MEAN).div_(STD), self.labels[index]

    def pixels(self, index: int) -> list[list[int]]:
        """One image as it was, without the border: rows of 0..255."""
        rows: list[list[int]] = self.images[index, 0, BORDER:-BORDER, BORDER:-BORDER].tolist()
        return rows


def order(count: int, seed: int, epoch: int) -> Tensor:
    """The shuffled places of an epoch (0-based).

    Made from the seed and the epoch alone, so that a resumed run needs no state to find its place.
    """
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return torch.randperm(count, generator=generator)
