"""The surest mistakes on the test set, as pictures: two pixels a cell, one above the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import safe
from ptlearn_tui.tui.theme import MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from ptlearn_tui.events import Picture
    from ptlearn_tui.tui.run_view import RunView

SLOT = 22  # cells a picture with its caption
_SHADES = " .:*#"


def shrink(pixels: list[list[int]]) -> list[list[int]]:
    """Half as wide and half as high: means of 2×2 pixels."""
    rows = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=False):
        quads = zip(upper[::2], upper[1::2], lower[::2], lower[1::2], strict=False)
        rows.append([sum(quad) // 4 for quad in quads])
    return rows


def half_blocks(pixels: list[list[int]], page: int = 0x15) -> list[Content]:
    """Lines of ▀, its ink the upper and its ground the lower pixel, from the page's dark to white."""
    lines = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=False):
        parts = []
        for above, below in zip(upper, lower, strict=True):
            ink, ground = (page + (value * (240 - page)) // 255 for value in (above, below))
            style = f"#{ink:02x}{ink:02x}{ink:02x} on #{ground:02x}{ground:02x}{ground:02x}"
            parts.append((" ", "") if not above and not below else ("▀", style))
        lines.append(Content.assemble(*parts))
    return lines


def shades(pixels: list[list[int]]) -> list[Content]:
    """The same for terminals without grey: four marks, two pixel rows a line."""
    lines = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=False):
        means = ((above + below) / 2 for above, below in zip(upper, lower, strict=True))
        lines.append(Content("".join(_SHADES[min(4, int(value / 52))] for value in means)))
    return lines


class Mistakes(Lines):
    """A row of pictures; as many as fit."""

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view
        self.blocks = True  # false where a terminal has no greys

    def lay(self, width: int) -> list[Content]:
        """Nothing until the first epoch is over."""
        sample = self.view.sample
        if sample is None:
            return []
        head = Content.assemble(
            "   ",
            (t("Surest mistakes"), STRONG),
            (" " + t("of {n} on the test set, after epoch {epoch}", n=sample.wrong, epoch=sample.epoch), MUTED),
        )
        pictures = sample.pictures[: max(1, (width - 6) // SLOT)]
        if not pictures:
            return [head, Content(), Content.styled("   " + t("none: every image is right"), MUTED)]
        lines = [head, Content()]
        drawn = [(half_blocks if self.blocks else shades)(shrink(picture.pixels)) for picture in pictures]
        for row in range(max(map(len, drawn))):
            pieces = [each[row] if row < len(each) else Content() for each in drawn]
            padded = [Content.assemble("  ", piece, " " * (SLOT - 2 - piece.cell_length)) for piece in pieces]
            lines.append(Content.assemble("   ", *padded))
        lines.append(Content.assemble("   ", *(self._caption(picture) for picture in pictures)))
        return lines

    @staticmethod
    def _caption(picture: Picture) -> Content:
        target, guess = safe(picture.target), safe(picture.prediction)
        words: list[str | tuple[str, str]] = [
            (t("is") + " ", MUTED),
            target,
            (" " + t("says") + " ", MUTED),
            (guess, WARN),
            f" {round(100 * picture.probability)} %",
        ]
        line = Content.assemble(*words)
        return Content.assemble(line, " " * max(0, SLOT - cell_len(line.plain)))
