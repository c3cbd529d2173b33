"""Tensors that may be pictures: one that looks like it, made small, as the screen can draw it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from ptlearn_tui.events import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

SIDE = 32  # pixels, at most, of what is shown
LEAST, MOST = 8, 8_192  # of a picture's own height and width
LONGEST = 4  # times as long as it is wide, or the other way round: beyond, it is no picture


class Likely(NamedTuple):
    """A tensor's pixels, some of them: (channels, height, width), a view."""

    pixels: torch.Tensor
    height: int
    width: int
    which: list[int]  # of a batch


def likely(tensor: torch.Tensor) -> Likely | None:
    """What may be a picture in it: 1×H×W, 3×H×W, H×W bytes; the first of a batch N×1×H×W or N×3×H×W.

    It is a guess, by shape and dtype alone: whoever shows it says so.
    """
    size = list(tensor.shape)
    if not 2 <= len(size) <= 4 or not (tensor.dtype is torch.uint8 or tensor.is_floating_point()):
        return None
    height, width = size[-2:]
    if not (LEAST <= height <= MOST and LEAST <= width <= MOST and max(height, width) <= LONGEST * min(height, width)):
        return None
    index: list[int] = []
    if len(size) == 2:
        if tensor.dtype is not torch.uint8:
            return None
        tensor = tensor[None]
    elif size[-3] not in (1, 3) or not size[0]:
        return None
    elif len(size) == 4:
        tensor, index = tensor[0], [0]
    step = -(-max(height, width) // SIDE)
    return Likely(tensor[:, ::step, ::step], height, width, index)


def image(found: Likely, pixels: torch.Tensor, dtype: torch.dtype) -> Image | None:
    """The picture, from its pixels on the CPU. Bytes, and floats from 0 to 1, are shown as they are; others stretched
    from their least to their largest. None where a value is not finite: that is no picture."""
    values = pixels.to(torch.float32)
    low = high = None
    if dtype is not torch.uint8:
        least, most = (each.item() for each in values.aminmax())
        if not (least - least == 0 and most - most == 0):  # not finite
            return None
        if least < 0 or most > 1:
            low, high = least, most
            values = (values - least) / max(most - least, 1e-30)
        values = values * 255
    channels: list[list[list[int]]] = values.round().clamp_(0, 255).to(torch.uint8).tolist()
    return Image(
        rows=["".join(map(_hex, zip(*rows, strict=True))) for rows in zip(*channels, strict=True)],
        height=found.height,
        width=found.width,
        colour=len(channels) == 3,
        index=found.which,
        low=low,
        high=high,
    )


def _hex(pixel: Sequence[int]) -> str:
    return bytes(pixel).hex()
