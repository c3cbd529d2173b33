"""Values of many tensors, read together: from each device with one copy, however many there are."""

from __future__ import annotations

import math
from contextlib import suppress

import torch


class Reader:
    """Takes pieces (views, bounded by whoever adds them) and reads all of them at once.

    A copy from a GPU waits until the device has done all that it was asked before: it is worth making one of many.
    """

    def __init__(self) -> None:
        self._pieces: list[torch.Tensor] = []
        self._values: list[torch.Tensor | None] = []

    def add(self, piece: torch.Tensor) -> int:
        """Its number, by which `__getitem__` gives its values after `read`."""
        self._pieces.append(piece)
        return len(self._pieces) - 1

    def read(self) -> None:
        """Get everything onto the CPU. Raises nothing: what can't be read is None."""
        self._values = [None if elsewhere(piece) else piece for piece in self._pieces]
        away: dict[torch.device, list[int]] = {}
        for number, piece in enumerate(self._pieces):
            if elsewhere(piece):
                away.setdefault(piece.device, []).append(number)
        for numbers in away.values():
            # The widest elements first: so each piece begins at a multiple of its own element's size.
            numbers.sort(key=lambda number: -self._pieces[number].element_size())
            try:
                self._copy(numbers)
            except Exception:  # a device that lacks an operator: one after the other, and some cards without values
                for number in numbers:
                    with suppress(Exception):
                        self._values[number] = self._pieces[number].cpu()

    def __getitem__(self, number: int) -> torch.Tensor | None:
        """The values of a piece, on the CPU."""
        return self._values[number]

    def _copy(self, numbers: list[int]) -> None:
        pieces = [self._pieces[number].resolve_conj().resolve_neg() for number in numbers]
        joined = torch.cat([_bytes(piece.reshape(-1)) for piece in pieces])
        here = torch.empty(joined.shape, dtype=torch.uint8, device="cpu").copy_(joined)
        start = 0
        for number, piece in zip(numbers, pieces, strict=True):
            size = math.prod(piece.shape) * piece.element_size()
            self._values[number] = here[start : start + size].view(piece.dtype).reshape(piece.shape)
            start += size


def _bytes(row: torch.Tensor) -> torch.Tensor:
    """Of a row that may be a view with steps; where it holds one number, `contiguous` leaves it its step."""
    if row.stride(0) != 1:
        row = row.clone(memory_format=torch.contiguous_format)
    return row.view(torch.uint8)


def elsewhere(tensor: torch.Tensor) -> bool:
    """Whether its values are not in the CPU's memory."""
    return tensor.device.type != "cpu"
