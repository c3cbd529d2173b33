"""A card opened in full: facts, exact statistics, a slice of it, all numbers, as the live kernel has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import thousands, wrap
from ptlearn_tui.tui.theme import ACCENT, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.storage_strip import strip_lines
from ptlearn_tui.tui.widgets.tensor_card import (
    MARGIN,
    Look,
    Partners,
    all_shown,
    head,
    image_words,
    norm_words,
    odd_words,
    reads_of,
    short_words,
    spread_line,
    was_words,
    why_words,
)
from ptlearn_tui.tui.widgets.tensor_numbers import in_full, matrix, real, shape_words, size_words
from ptlearn_tui.tui.widgets.tensor_pictures import heat_lines, picture_lines

if TYPE_CHECKING:
    from ptlearn_tui.events import Tensor


@dataclass(eq=False)
class OpenCard:
    """One card, what the kernel has answered about it, and which slice of it is looked at."""

    card: Tensor  # as the cell told it
    index: list[int] = field(default_factory=list)  # of all leading dimensions but the last two
    dimension: int = 0  # of them, which the arrows change
    exact: bool = False  # statistics of every value are wanted
    now: Tensor | None = None  # the answer
    why: str = ""  # there is none
    asked: int = 0  # questions; the answer to the last one counts
    answered: int = 0
    again: bool = False  # something else was wanted while a question was on its way
    fixed: bool = False  # nobody can be asked for more

    def __post_init__(self) -> None:
        if not self.fixed and -1 not in self.card.shape:
            self.index = [0] * max(0, len(self.card.shape) - 2)

    @property
    def waiting(self) -> bool:
        """A question is on its way."""
        return self.asked > self.answered

    def turn(self, step: int) -> bool:
        """The next place along the dimension that the arrows change; whether there is one."""
        if not self.index:
            return False
        size = self.card.shape[self.dimension]
        if not size:
            return False
        self.index[self.dimension] = (self.index[self.dimension] + step) % size
        return True

    def choose(self, step: int) -> bool:
        """Another dimension for the arrows."""
        if self.index:
            self.dimension = (self.dimension + step) % len(self.index)
        return bool(self.index)

    def answer(self, number: int, card: Tensor | None, why: str) -> None:
        """The kernel's."""
        if number == self.asked:
            self.answered, self.now, self.why = number, card, why

    @property
    def other(self) -> bool:
        """What has that name by now is another tensor than the card's."""
        now, card = self.now, self.card
        if now is None:
            return False
        same = (card.shape[len(self.index) :], card.dtype, card.storage)
        return (now.shape, now.dtype, now.storage) != same

    def lines(self, look: Look, partners: Partners) -> list[Content]:
        """All of it, without a bar."""
        card, seen = self.card, self.card if self.now is None or self.other else self.now
        wide = look.width - MARGIN - 2
        blocks: list[list[Content]] = [head(card, look)]
        if card.dims:
            blocks[0].append(_muted(", ".join(card.dims)))
        blocks[0] += [line for fact in self._facts() for line in wrap(fact, wide)]
        blocks.append([line for picker in self._picker() for line in wrap(picker, wide)])
        blocks.append(self._state())
        spread_ = spread_line(seen, wide)
        words = short_words(card)
        statistics = [_muted(words)] if words else []
        statistics += [line for line in (spread_, odd_words(seen)) if line]
        if seen.sampled and not self.waiting:
            more = () if self.fixed else (("   x", ACCENT), " " + t("of all values"))
            statistics.append(Content.assemble((t("statistics of a sample"), MUTED), *more))
        blocks.append(statistics)
        blocks.append(self._gradient(wide))
        own = reads_of(card)
        readers = partners.readers or ([own] if own is not None else [])
        if card.storage_bytes and readers and (partners.readers or not card.contiguous or card.numel * 2 < _room(card)):
            blocks.append(strip_lines(card.storage_bytes, readers, wide))
        blocks.append(self._looks(seen, look))
        numbers = [Content(line) for line in in_full(seen.values, wide, seen.shape[-1] if seen.shape else 1)]
        rows, there = len(matrix(seen.values)), seen.shape[-2] if len(seen.shape) > 1 else 1
        if len(seen.shape) > 1 and rows < there:
            numbers.append(_muted(t("the first {n} of {total} rows", n=thousands(rows), total=thousands(there))))
        blocks.append(numbers)
        lines: list[Content] = []
        for number, each in enumerate(block for block in blocks if block):
            if number:
                lines.append(Content())
            lines += [line if number == 0 and at == 0 else _indented(line) for at, line in enumerate(each)]
        return lines

    def _facts(self) -> list[Content]:
        """Where it stands in memory."""
        card = self.card
        parts = []
        if card.bytes is not None:
            parts.append(size_words(card.bytes))
        if card.storage_bytes is not None and card.storage_bytes != card.bytes:
            parts.append(t("in a storage of {size}", size=size_words(card.storage_bytes)))
        if card.storage is not None:
            parts.append(t("storage {n}", n=card.storage))
        if card.stride is not None:
            parts.append(f"{t('stride')} {shape_words(card.stride)}")
            parts.append(f"{t('offset')} {card.offset}")
            parts.append(t("contiguous") if card.contiguous else t("not contiguous"))
        # Each part stays whole where the line breaks.
        lines = [_muted("   ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts))] if parts else []
        if card.was is not None:
            lines.append(Content.assemble(*was_words(card.was, card)))
        return lines

    def _picker(self) -> list[Content]:
        """Which slice is looked at: `x[3, 0, :, :]`, the index that the arrows change in accent."""
        if not self.index:
            return []
        parts: list[str | tuple[str, str]] = [(safe(self.card.name), STRONG), "["]
        for at, index in enumerate(self.index):
            parts += [(str(index), ACCENT if at == self.dimension else ""), ", "]
        parts += [":, :]", "   "]
        size = self.card.shape[self.dimension]
        parts += [("← →", ACCENT), " " + t("{n} of {total}", n=self.index[self.dimension] + 1, total=thousands(size))]
        if len(self.index) > 1:
            parts += ["   ", (", .", ACCENT), " " + t("other dimension")]
        return [Content.assemble(*parts)]

    def _state(self) -> list[Content]:
        """Whether this is how it is now."""
        if self.waiting:
            return [_muted(t("looking at all values …"))] if self.exact else []
        if self.why:
            return [Content.styled(why_not(self.why), WARN), _muted(t("This is what the cell told."))]
        if self.other and self.now is not None:
            shape = f"{shape_words(self.now.shape)} {self.now.dtype}"
            return [
                Content.styled(
                    t("{name} is another tensor by now: {shape}", name=safe(self.card.name), shape=shape), WARN
                ),
                _muted(t("This is what the cell told.")),
            ]
        return []

    def _gradient(self, width: int) -> list[Content]:
        card = self.card
        if card.grad is None:
            return [_muted(f".grad  {why_words(card.grad_why)}")] if card.requires_grad and card.grad_why else []
        lines = [Content.assemble((".grad  ", MUTED), norm_words(card))]
        if all_shown(card):
            lines += [Content(line) for line in in_full(card.grad.values, width, (card.grad.shape or [1])[-1])]
        return lines

    @staticmethod
    def _looks(seen: Tensor, look: Look) -> list[Content]:
        if seen.image is not None:
            return [*picture_lines(seen.image, rich=look.rich, small=False), _muted(image_words(seen))]
        if seen.heat is None or seen.min is None or seen.max is None:
            return []
        lines = heat_lines(seen.heat, real(seen.min), real(seen.max), rich=look.rich, most=16)
        rows, columns = seen.heat.steps
        if max(rows, columns) > 1:
            lines.append(_muted(t("one row in {n}, one column in {m}", n=thousands(rows), m=thousands(columns))))
        return lines


def why_not(why: str) -> str:
    """What the kernel says where it has no card, in the language in use where it is one of its usual words."""
    if why == "the kernel is busy":
        return t("The kernel is busy: it can be asked when the cell has ended.")
    if why == "the kernel has ended":
        return t("The kernel has ended.")
    name, gone, _ = why.partition(" is not there any more")
    return t("{name} is not there any more.", name=safe(name)) if gone else safe(why)


def _room(card: Tensor) -> int:
    """Elements that its storage has room for."""
    return (card.storage_bytes or 0) * card.numel // card.bytes if card.bytes else 0


def _muted(text: str) -> Content:
    return Content.styled(text, MUTED)


def _indented(line: Content) -> Content:
    return Content.assemble(" " * MARGIN, line)
