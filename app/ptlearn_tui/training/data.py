"""A data set in memory: read once, cut into batches by index, standardised and augmented a batch at a time.

A `DataLoader` over a torchvision data set opens, converts and standardises one picture at a time in Python:
13-18 s for an epoch of MNIST. The whole set is 47 MB of bytes: kept as one tensor on the device, an epoch's
loading takes well under 1 s. `loader.py` does it the `DataLoader` way, for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptlearn_tui.training.datasets import DataSet

ROOM = 0.5
"""The share of a GPU's free memory that a data set may take; a bigger one stays in the host's memory."""


@dataclass(frozen=True)
class Prepare:
    """What is done to a batch of pictures before a network sees it. All but the border for training only."""

    border: int = 0  # background pixels added on each side
    shift: int = 0  # moved by up to so many pixels up or down, left or right; what comes in is what went out, mirrored
    flip: bool = False  # every second one mirrored left to right
    cutout: int = 0  # a square of this side, anywhere in the picture, is blanked


class Batches(Protocol):
    """What a training loop needs of its data."""

    resumable: bool  # whether an epoch can be gone on with in its middle

    def __len__(self) -> int:
        """Images in an epoch."""
        ...

    def epoch(self, order: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and targets on the device, batch by batch, of the images at these places, in this order."""
        ...


class Images:
    """One split of a data set, as bytes on the device."""

    resumable = True

    def __init__(
        self,
        pixels: bytearray,
        labels: bytearray,
        data_set: DataSet,
        device: torch.device,
        prepare: Prepare = Prepare(),
        *,
        training: bool = False,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> None:
        """`pixels`: count · channels · side · side values of 0..255; `labels`: count."""
        images = torch.frombuffer(pixels, dtype=torch.uint8).view(-1, *data_set.shape)
        images = F.pad(images, (prepare.border,) * 4)
        self.away = not _fits(images, device)  # in the host's memory, from where batches are copied
        # (count, channels, side + 2 · border, side + 2 · border), uint8
        self.images = images if self.away else images.to(device)
        self.labels = torch.frombuffer(labels, dtype=torch.uint8).to(device, torch.int64)  # (count,)
        self.device = device
        self._prepare = prepare
        self._training = training
        self._format = memory_format
        self._mean = (torch.tensor(data_set.mean) * 255).view(-1, 1, 1).to(device)
        self._std = (torch.tensor(data_set.std) * 255).view(-1, 1, 1).to(device)

    def __len__(self) -> int:
        return len(self.labels)

    def epoch(self, order: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """As `Batches` has it. `order`: int64, one dimension, on the CPU."""
        for index in torch.split(order, batch_size):
            yield self.batch(index)

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, channels, height, width) float32 of mean 0 and spread 1, and (batch,) int64."""
        there = index.to(self.device, non_blocking=True)
        images = self._fetched(index) if self.away else self.images[there]
        if self._training and self._prepare.shift:
            images = shifted(images, self._prepare.shift)
        images = images.float().sub_(self._mean).div_(self._std)
        if self._training and self._prepare.flip:
            images = flipped(images)
        if self._training and self._prepare.cutout:
            images = cut_out(images, self._prepare.cutout)
        return images.contiguous(memory_format=self._format), self.labels[there]

    def _fetched(self, index: Tensor) -> Tensor:
        """From the host's memory: a page-locked copy is read by the GPU itself, and Python goes on meanwhile."""
        return self.images[index].pin_memory().to(self.device, non_blocking=True)

    def pixels(self, index: int) -> list[list[int]]:
        """One image as it was, without the border: rows of 0..255, or of 0xRRGGBB where it has colours."""
        border = self._prepare.border
        image = self.images[index].int()
        image = image[:, border : image.shape[1] - border, border : image.shape[2] - border]
        whole = image[0] if len(image) == 1 else (image[0] << 16) + (image[1] << 8) + image[2]
        rows: list[list[int]] = whole.tolist()
        return rows

    @property
    def colour(self) -> bool:
        """Whether `pixels` are 0xRRGGBB."""
        return self.images.shape[1] == 3


def shifted(images: Tensor, most: int) -> Tensor:
    """Each of (batch, channels, height, width) moved by its own -most..most pixels, by reading them elsewhere.

    All at once: places are numbers, and indexing with numbers that differ for each image is one operation.
    """
    count, _, height, width = images.shape
    by = torch.randint(-most, most + 1, (2, count, 1), device=images.device)
    rows = _mirrored(torch.arange(height, device=images.device) + by[0], height)  # (batch, height)
    columns = _mirrored(torch.arange(width, device=images.device) + by[1], width)
    places = (rows[:, :, None] * width + columns[:, None, :]).view(count, 1, -1)
    moved = images.flatten(2).gather(2, places.expand(-1, images.shape[1], -1))
    return moved.view(images.shape)


def flipped(images: Tensor) -> Tensor:
    """Every second image, by chance, mirrored left to right."""
    mirrored = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
    return torch.where(mirrored, images.flip(3), images)


def cut_out(images: Tensor, side: int) -> Tensor:
    """A square of each standardised image set to 0, the mean (DeVries and Taylor, 2017).

    Its middle is anywhere in the image.
    """
    count, _, height, width = images.shape

    def inside(size: int) -> Tensor:
        middle = torch.randint(size, (count, 1), device=images.device)
        from_start = torch.arange(size, device=images.device) - middle + side // 2
        return (from_start >= 0) & (from_start < side)

    hidden = inside(height)[:, None, :, None] & inside(width)[:, None, None, :]
    return images.masked_fill(hidden, 0.0)


def order(count: int, seed: int, epoch: int) -> Tensor:
    """The shuffled places of an epoch (0-based).

    Made from the seed and the epoch alone, so that a resumed run needs no state to find its place.
    """
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return torch.randperm(count, generator=generator)


def _mirrored(places: Tensor, size: int) -> Tensor:
    """Places that lie outside 0..size - 1 by less than `size`, mirrored at the edge: -1 becomes 1."""
    places = places.abs()
    return torch.where(places < size, places, 2 * (size - 1) - places)


def _fits(images: Tensor, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return images.nbytes <= ROOM * free
