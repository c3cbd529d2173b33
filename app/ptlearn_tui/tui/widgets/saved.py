"""What a cell of a notebook had shown to its author: there until it runs here."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.theme import BAD, MUTED
from ptlearn_tui.tui.widgets.picture import draw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptlearn_tui.course.notes.saved import Saved

MOST_LINES = 14  # as many as of a cell's own output
WIDEST = 48  # cells of a picture
TALLEST = 16  # lines of one: two pixels stand in each
MOST_PIXELS = 20_000_000  # of a picture; beyond, unpacking it takes seconds, or all memory


def lay_saved(saved: Sequence[Saved], width: int, *, rich: bool) -> list[Content]:
    """Texts as they are, pictures in half blocks; told to be the author's."""
    if not saved:
        return []
    lines = [Content(), Content.styled(t("saved by the author:"), MUTED)]
    for each in saved:
        lines += _picture(each.image, width, rich=rich) if each.image else _text(each, width)
    return lines


def _text(saved: Saved, width: int) -> Iterator[Content]:
    lines = saved.text.split("\n")
    for line in lines[:MOST_LINES]:
        yield Content.styled(safe(line), BAD if saved.error else "").truncate(width, ellipsis=True)
    if len(lines) > MOST_LINES:
        yield Content.styled(t("{n} more lines", n=len(lines) - MOST_LINES), MUTED)


def _picture(data: bytes, width: int, *, rich: bool) -> list[Content]:
    """A line is two rows of pixels: the upper is the colour of the half block, the lower that behind it."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as found:
            size = found.size
            if size[0] * size[1] > MOST_PIXELS:
                raise ValueError(size)
            shown = found.convert("RGBA")
    except Exception:  # whatever a broken file makes of the reader
        return [Content.styled(t("(a picture that can't be read)"), MUTED)]
    scale = min(min(WIDEST, width) / size[0], 2 * TALLEST / size[1], 1)
    across, down = max(1, round(size[0] * scale)), max(2, 2 * round(size[1] * scale / 2))
    page = Image.new("RGBA", shown.size, "white")  # as notebooks have it
    small = Image.alpha_composite(page, shown).convert("RGB").resize((across, down), Image.Resampling.BOX)
    channels = [[[*row] for row in _rows(band.tobytes(), across)] for band in small.split()]
    return [*draw(channels, rich=rich, small=False), Content.styled(f"{size[0]} × {size[1]}", MUTED)]


def _rows(pixels: bytes, across: int) -> Iterator[bytes]:
    return (pixels[at : at + across] for at in range(0, len(pixels), across))
