"""The surest mistakes on the test set, as pictures: two pixels a cell, one above the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import fit
from ptlearn_tui.tui.theme import MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.lines import Lines
from ptlearn_tui.tui.widgets.picture import draw, split_colours

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptlearn_tui.events import Picture
    from ptlearn_tui.tui.run_view import RunView

SLOT, LARGE_SLOT = 22, 36  # cells a picture with its caption: at half its size, and at its own


class Mistakes(Lines):
    """A row of pictures; as many as fit."""

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view
        self.blocks = True  # false where a terminal has no shades
        self.alone = False  # in the curve's place
        self.large = False

    def lay(self, width: int) -> list[Content]:
        """Nothing until the first epoch is over, unless they are what was asked for."""
        sample = self.view.sample
        if sample is None:
            waiting = Content.styled("   " + t("the first come after epoch 1"), MUTED)
            return [_head(), Content(), waiting] if self.alone else []
        asked_for = self.view.run is not None and sample.of < int(self.view.run.data.get("test", 0))
        if sample.of and asked_for:
            head = _head(t("of {n} among {of} test images", n=sample.wrong, of=sample.of))
        else:
            head = _head(t("of {n} on the test set, after epoch {epoch}", n=sample.wrong, epoch=sample.epoch))
        slot = LARGE_SLOT if self.large else SLOT
        pictures = sample.pictures[: max(1, (width - 4) // slot)]
        if not pictures:
            return [head, Content(), Content.styled("   " + t("none: every image is right"), MUTED)]
        told = captions(pictures, slot)
        indent = "  " if len(told) == 1 else ""
        drawn = [self._drawn(picture) for picture in pictures]
        rows = [[each[row] if row < len(each) else Content() for each in drawn] for row in range(max(map(len, drawn)))]
        return [head, Content(), *(_row(row, slot, indent) for row in rows), *(_row(row, slot) for row in told)]

    def _drawn(self, picture: Picture) -> list[Content]:
        channels = split_colours(picture.pixels) if picture.colour else (picture.pixels,)
        return draw(channels, rich=self.blocks, small=not self.large)


def _head(words: str = "") -> Content:
    return Content.assemble("   ", (t("Surest mistakes"), STRONG), (" " + words, MUTED))


def _row(pieces: Iterable[Content], slot: int, indent: str = "") -> Content:
    """Each in its slot."""
    padded = (Content.assemble(indent, piece, " " * (slot - len(indent) - piece.cell_length)) for piece in pieces)
    return Content.assemble("   ", *padded)


def captions(pictures: list[Picture], slot: int) -> list[list[Content]]:
    """`is 4 says 2 81 %` in a line; in two where a name is long, as `automobile` is.

    Class names are the data set's own words, which a learner's code prints too: they are not translated.
    """
    both = [(_is(picture, slot), _says(picture, slot)) for picture in pictures]
    if all(what.cell_length + 1 + guess.cell_length < slot for what, guess in both):
        return [[Content.assemble(what, " ", guess) for what, guess in both]]
    return [[what for what, _ in both], [guess for _, guess in both]]


def _is(picture: Picture, slot: int) -> Content:
    word = t("is") + " "
    return Content.assemble((word, MUTED), _name(picture.target, slot - 1 - cell_len(word)))


def _says(picture: Picture, slot: int) -> Content:
    word, chance = t("says") + " ", f" {round(100 * picture.probability)} %"
    room = slot - 1 - cell_len(word) - cell_len(chance)
    return Content.assemble((word, MUTED), (_name(picture.prediction, room), WARN), chance)


def _name(name: str, room: int) -> str:
    name = safe(name)
    return fit(name, room) if cell_len(name) > room else name
