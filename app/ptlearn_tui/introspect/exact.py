"""Exact statistics of a tensor of any size, over views of it: no copy larger than a piece is ever made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from ptlearn_tui.introspect.statistics import histogram as bins

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 1 << 20  # elements: 8 MB in double precision, which stays in the processor's cache
MOST = 1 << 31  # elements that are walked: an expanded tensor can have more than anybody waits for


class Statistics(NamedTuple):
    """Over the finite values; None where there are none (or for `std` only one)."""

    min: float | int | None
    max: float | int | None
    mean: float | None
    std: float | None  # of the sample: divided by n - 1, as `torch.std`
    nan: int
    inf: int


def statistics(tensor: torch.Tensor) -> Statistics:
    """Of a real strided tensor, on its device, in double precision; integers keep their exact extremes.

    Means and variances of pieces are joined by Chan, Golub and LeVeque (1979), so that large means cost no digits.
    Raises `ValueError` for more than 2³¹ elements.
    """
    if tensor.numel() > MOST:
        raise ValueError(f"it has {tensor.numel():,} elements: too many to look at each")
    count, mean, squares = 0, 0.0, 0.0  # squares: the sum of squared differences from the mean
    nan = inf = 0
    low: float | int = math.inf
    high: float | int = -math.inf
    for piece in _pieces(tensor.detach()):
        values = piece
        if piece.dtype.is_floating_point:
            finite = piece.isfinite()
            nan += int(piece.isnan().sum())
            values = piece[finite]
            inf += piece.numel() - values.numel()
        if not values.numel():
            continue
        least, most = (each.item() for each in values.aminmax())
        low, high = min(low, least), max(high, most)
        double = values.to(torch.float64)
        here, own = double.numel(), double.mean().item()
        between = own - mean
        squares += (double - own).square_().sum().item() + between**2 * count * here / (count + here)
        mean += between * here / (count + here)
        count += here
    inf -= nan
    return Statistics(
        min=low if count else None,
        max=high if count else None,
        mean=mean if count else None,
        std=math.sqrt(squares / (count - 1)) if count > 1 else None,
        nan=nan,
        inf=inf,
    )


def histogram(tensor: torch.Tensor, found: Statistics) -> list[int]:
    """How many of its finite values are in each bin from its least to its largest: a card's histogram, of all."""
    if found.min is None or found.max is None or found.min == found.max:
        return []
    low, high = float(found.min), float(found.max)
    counts: list[int] = []
    for piece in _pieces(tensor.detach()):
        values = piece.to(torch.float64).reshape(-1)
        if piece.dtype.is_floating_point:
            values = values[values.isfinite()]
        here = bins(values, low, high, whole=not piece.dtype.is_floating_point)
        counts = [one + other for one, other in zip(counts, here, strict=True)] if counts else here
    return counts


def _pieces(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Views that cover it, none with more than `PIECE` elements. Split along the slowest dimension first."""
    rest = [tensor]
    while rest:
        part = rest.pop()
        if part.numel() <= PIECE:
            yield part
        else:
            splittable = (dim for dim in range(part.dim()) if part.shape[dim] > 1)
            dim = max(splittable, key=part.stride)  # neighbours in memory stay together
            rest += torch.split(part, max(1, part.shape[dim] * PIECE // part.numel()), dim)
