"""The panel Tensors: the cards of a cell, one of them current; enter opens it in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui import glyphs
from ptlearn_tui.tui.glyphs import FOCUS, HERE
from ptlearn_tui.tui.text import spread
from ptlearn_tui.tui.theme import ACCENT, MUTED, RICH
from ptlearn_tui.tui.widgets.open_card import OpenCard
from ptlearn_tui.tui.widgets.panel import PanelBody
from ptlearn_tui.tui.widgets.tensor_card import (
    MARGIN,
    Look,
    Partners,
    card_lines,
)
from ptlearn_tui.tui.widgets.tensor_groups import Key, group_line, member_columns, member_line, partners_of
from ptlearn_tui.tui.widgets.tensor_numbers import block, number, shape_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.events import Click

    from ptlearn_tui.events import Group, Tensor
    from ptlearn_tui.tui.record import Record

__all__ = ["TensorBody", "block", "number", "shape_words"]

MOST_CARDS = 60


class TensorBody(PanelBody):
    """The cards of one cell, in the order in which they were made."""

    class Asked(Message):
        """The live kernel is to say more of a tensor: `body.answer(number, …)` wants it."""

        def __init__(self, body: TensorBody, number: int, name: str, index: list[int], exact: bool) -> None:
            super().__init__()
            self.body, self.number, self.name, self.index, self.exact = body, number, name, index, exact

    class Answered(Message):
        """What it said."""

        def __init__(self, number: int, card: Tensor | None, why: str) -> None:
            super().__init__()
            self.number, self.card, self.why = number, card, why

    class Turned(Message):
        """A card was opened or closed: the keys do other things now."""

    def __init__(self, *, live: bool = True) -> None:
        """`live`: there is a kernel that can say more of a tensor."""
        super().__init__()
        self.live = live
        self.key: Key | None = None  # of the current card; None: the first
        self.opened: OpenCard | None = None
        self._moved = False  # the learner has been here
        self._spans: dict[Key, tuple[int, int]] = {}  # the lines of each card
        self._shown: tuple[Record, int] | None = None  # whose card is open, and of which run

    def empty(self) -> str:
        """How tensors come here."""
        return t("No tensors yet. Run the cell with r: each tensor that it makes gets a card here.")

    # ---- keys --------------------------------------------------------------------------------------------------

    @property
    def _panel(self) -> VerticalScroll | None:
        return self.parent if isinstance(self.parent, VerticalScroll) else None

    def walk_lines(self, step: int) -> None:
        """To the next card, after the rest of this one; through the lines of an open one."""
        panel, keys = self._panel, list(self._spans)
        if panel is None or not keys:
            return
        if self.opened is not None:
            panel.scroll_relative(y=step, animate=False)
            return
        at = keys.index(self.key) if self.key in keys else 0
        begin, end = self._spans[keys[at]]
        top, height = panel.scroll_offset.y, panel.scrollable_content_region.height
        if step > 0 and end > top + height and self._moved:
            panel.scroll_relative(y=min(end - top - height, max(1, height // 2)), animate=False)
            return
        if step < 0 and begin < top and self._moved:
            panel.scroll_relative(y=-min(top - begin, max(1, height // 2)), animate=False)
            return
        self._go_to(keys[max(0, min(len(keys) - 1, at + step))])

    def _go_to(self, key: Key) -> None:
        panel = self._panel
        self.key, self._moved = key, True
        self.changed()
        begin, end = self._spans.get(key, (0, 0))
        if panel is None:
            return
        top, height = panel.scroll_offset.y, panel.scrollable_content_region.height
        first = next(iter(self._spans)) == key
        if begin < top or first:
            panel.scroll_to(y=0 if first else begin, animate=False)
        elif end > top + height:
            panel.scroll_to(y=min(begin, end - height), animate=False)

    def turn(self, step: int) -> bool:
        """← →: the next slice of an open card; whether that is what they do now."""
        if self.opened is None:
            return False
        if self.opened.turn(step):
            self.opened.exact = False
            self._ask()
        return True

    @property
    def choices(self) -> int:
        """Dimensions that the arrows may turn."""
        return len(self.opened.index) if self.opened is not None else 0

    def choose(self, step: int) -> None:
        """, .: another dimension for the arrows."""
        if self.opened is not None and self.opened.choose(step):
            self.changed()

    def all_values(self) -> None:
        """x: statistics of every value, not of a sample."""
        if self.opened is not None:
            self.opened.exact = True
            self._ask()

    def enter(self) -> None:
        """Open the current card, or close it."""
        if self.opened is not None:
            self.close()
            return
        keys = list(self._spans)
        if self.record is None or not keys:
            return
        self.key = self.key if self.key in keys else keys[0]
        self._moved = True
        self.opened = OpenCard(self.record.cards[self.key], fixed=not self.live)
        self._shown = self.record, self.record.number
        self._ask()
        self.post_message(self.Turned())
        if self._panel is not None:
            self._panel.scroll_to(y=0, animate=False)

    def close(self) -> None:
        """Back to all cards."""
        if self.opened is not None:
            self.opened = None
            self.changed()
            self.post_message(self.Turned())
            if self.key is not None and self.record is not None and self.key in self._spans:
                self.call_after_refresh(self._go_to, self.key)

    def on_click(self, event: Click) -> None:
        """A click makes a card current; a second one opens it."""
        found = next((key for key, (begin, end) in self._spans.items() if begin <= event.y < end), None)
        if self.opened is None and found is not None:
            if found == self.key and self._moved:
                self.enter()
            else:
                self.key, self._moved = found, True
                self.changed()

    # ---- the kernel --------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        """One question at a time: whatever is wanted meanwhile is asked for after it."""
        opened = self.opened
        if opened is None:
            return
        if opened.fixed:
            pass
        elif opened.waiting:
            opened.again = True
        else:
            opened.asked += 1
            self.post_message(self.Asked(self, opened.asked, opened.card.name, list(opened.index), opened.exact))
        self.changed()

    def on_tensor_body_answered(self, message: Answered) -> None:
        """Of the card that is open, or of one that was closed meanwhile."""
        opened = self.opened
        if opened is None or message.number != opened.asked:
            return
        opened.answer(message.number, message.card, message.why)
        again, opened.again = opened.again, False
        if again:
            self._ask()
        self.changed()

    # ---- drawing -----------------------------------------------------------------------------------------------

    def lay_record(self, record: Record, width: int) -> list[Content]:
        """A card each, or the open one."""
        cards = record.cards
        self.marks_itself = bool(cards)
        self._spans = {}
        if not cards:
            self.opened = None
            return []
        if self.opened is not None and self._shown != (record, record.number):
            self.opened = None  # it was of another run
            self.call_later(self.post_message, self.Turned())
        look = self._look(list(cards.values()), width)
        partners = partners_of(cards)
        lines: list[Content] = []
        if self.of_cell is not None:
            lines.append(spread(Content(), Content.styled(t("cell {n}", n=self.of_cell + 1) + "  ", MUTED), width))
        if self.opened is not None:
            key = self.key or next(iter(cards))
            lines += self.opened.lines(look, partners.get(key, Partners([], [])))
            self._spans[key] = (0, len(lines))
        else:
            for of, each in self._cards(record, look, partners):
                if of is not None:
                    self._spans[of] = (len(lines), len(lines) + len(each))
                lines += each
        return self._marked(lines)

    def _cards(
        self, record: Record, look: Look, partners: dict[Key, Partners]
    ) -> Iterator[tuple[Key | None, list[Content]]]:
        """Lines with the card that they are of; blank ones and headings are of none."""
        cards = list(record.cards.items())
        if len(cards) > MOST_CARDS:
            more = t("{n} earlier cards left out", n=len(cards) - MOST_CARDS)
            yield None, [Content.styled(" " * MARGIN + more, MUTED)]
        cards = cards[-MOST_CARDS:]
        before: tuple[Group, int] | None = None
        for index, (key, card) in enumerate(cards):
            fresh = card.name in record.fresh_grads
            group = (card.group, card.line) if card.group is not None else None
            if index and (group is None or group != before):
                yield None, [Content()]
            if group is None:
                yield key, card_lines(card, look, partners.get(key, Partners([], [])), fresh=fresh)
            else:
                if group != before:
                    yield None, [group_line(*group, look)]
                names, shapes = member_columns([each for _, each in cards if each.group == group[0]])
                yield key, [member_line(card, look, names, shapes, fresh=fresh)]
            before = group

    def _look(self, cards: list[Tensor], width: int) -> Look:
        names = max((cell_len(safe(card.name)) for card in cards if card.group is None), default=0)
        widths = [max(map(len, block(card.values)), default=0) for card in cards if card.shape and card.group is None]
        rich = self.app.theme == RICH.name and not glyphs.only_ascii()
        return Look(width, min(names, 16) + 2, min(max(widths, default=0), 24), rich)

    def _marked(self, lines: list[Content]) -> list[Content]:
        """The bar: the keys are here, or the learner was here."""
        if not self.focused_panel and not self._moved:
            return lines
        first = next(iter(self._spans.values()), (0, 0))
        begin, end = self._spans.get(self.key, first) if self.key is not None else first
        mark = FOCUS if self.focused_panel else HERE
        return [
            Content.assemble((mark, ACCENT), line[1:] if line else "") if begin <= at < end else line
            for at, line in enumerate(lines)
        ]
