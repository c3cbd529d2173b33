"""A strided tensor's values as a card shows them: statistics, the first numbers, a matrix or a picture at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ptlearn_tui.events import Heat, Values
from ptlearn_tui.introspect import pictures
from ptlearn_tui.introspect.statistics import digits, glance, sample, statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptlearn_tui.introspect.reading import Reader

SIDE = 8  # of the values that are shown: at most so many a dimension
FULL_CELLS, FULL_COLUMNS, FULL_ROWS = 8_192, 64, 1_024  # the same for a card that is asked for in full
GLANCED = 6  # rows and columns of a matrix that is shown in numbers: it needs no other picture


def look(tensor: torch.Tensor, reader: Reader, full: bool, *, picture: bool) -> Callable[[Reader], dict[str, Any]]:
    """Statistics, values and pictures of a strided tensor whose values can be read."""
    part = reader.add(_readable(sample(tensor)))
    corner = reader.add(_readable(corner_of(tensor, full)))
    ordered = not tensor.is_complex()
    found = pictures.likely(tensor) if picture and not tensor.is_quantized else None
    pixels = reader.add(found.pixels) if found is not None else None
    seen, steps = None, [1, 1]
    rows, columns = ([1, 1, *tensor.shape])[-2:]
    if ordered and found is None and (rows > GLANCED or columns > GLANCED):
        view, steps = glance(tensor, *((32, 64) if full else ()))
        seen = reader.add(_readable(view))
    numel = tensor.numel()

    def finish(reader: Reader) -> dict[str, Any]:
        values = reader[part]
        if values is None:
            return {}
        told: dict[str, Any] = {"sampled": values.numel() < numel, **statistics(values)}
        first = reader[corner]
        if first is not None:
            told["values"] = plain_values(first)
        if found is not None and pixels is not None and (those := reader[pixels]) is not None:
            told["image"] = pictures.image(found, those, tensor.dtype)
        low, high = told.get("min"), told.get("max")
        matrix = reader[seen] if seen is not None else None
        if matrix is not None and low is not None and high is not None and low != high:
            told["heat"] = Heat(rows=digits(matrix, low, high), steps=steps)
        return told

    return finish


def _readable(part: torch.Tensor) -> torch.Tensor:
    return part.dequantize() if part.is_quantized else part


def corner_of(tensor: torch.Tensor, full: bool) -> torch.Tensor:
    """The first values: a number, a row, or the upper left corner of the first matrix."""
    if tensor.numel() == 0:
        return tensor.reshape(-1)
    first = tensor[(0,) * max(0, tensor.dim() - 2)]
    if not full:
        return first[(slice(0, SIDE),) * first.dim()]
    if first.dim() < 2:
        return first[:FULL_CELLS] if first.dim() else first
    columns = min(first.shape[1], FULL_COLUMNS)
    return first[: min(FULL_ROWS, FULL_CELLS // columns), :columns]


def plain_values(corner: torch.Tensor) -> Values:
    if corner.is_complex():
        return _words(corner.tolist())
    if corner.is_floating_point():
        return corner.to(torch.float64).tolist()
    return corner.tolist()


def _words(values: Any) -> Values:
    return [_words(value) for value in values] if isinstance(values, list) else str(values)
