"""What a cell made, as far as the screen has heard: events go in, the panels read out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text
from textual.content import Content

from ptlearn_tui import events as ev
from ptlearn_tui.locale import t
from ptlearn_tui.tui.text import safe, thousands
from ptlearn_tui.tui.widgets.plot import Series

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LINES = 5_000  # of output kept for the panel; a counter says how many are gone
MOST_CHARACTERS = 500_000  # of all of them
LONGEST = 4_000  # characters of one line, some fifty rows of a panel; how many more there are is said
MOST_OVERWRITES = 100  # of a line in one piece of output: nobody saw the earlier ones

# Everything that a terminal obeys, but for line ends: CSI, OSC, DCS and the like, two-character escapes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])")
_COLOUR = re.compile(r"(\x1b\[[\d;]*m)")  # the one kind that is kept: it can do no harm
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?\Z")  # the rest of it comes with the next piece


def _harmless(text: str) -> str:
    """Colours stay, whatever else a terminal would obey goes."""
    if "\x1b" not in text:
        return safe(text)
    pieces = _COLOUR.split(text)
    pieces[::2] = [safe(_ANSI.sub("", piece)) for piece in pieces[::2]]
    return "".join(pieces)


def coloured(text: str, style: str = "") -> Content:
    """A line of a transcript, its colours read."""
    if "\x1b" not in text:
        return Content.styled(text, style)
    return Content.from_rich_text(Text.from_ansi(text)).stylize_before(style)


class Transcript:
    """Output as a terminal would show it, as far as `\\r` goes; everything else that it obeys is taken out."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []  # kind ("out", "err", "value", "trace"), text
        self.left_out = 0  # lines
        self.dropped = 0  # bytes
        self._open: dict[str, int] = {}  # kind -> index of its unfinished line
        self._more: dict[str, int] = {}  # kind -> characters left out of that line
        self._size = 0  # characters in all lines
        self._held: dict[str, str] = {}  # kind -> the begin of an escape sequence

    def write(self, kind: str, text: str) -> None:
        """Add text of one stream; an unfinished line is gone on with."""
        text = self._held.pop(kind, "") + text
        unfinished = _UNFINISHED.search(text)
        if unfinished:
            self._held[kind] = unfinished[0]
            text = text[: unfinished.start()]
        first, *rest = text.replace("\r\n", "\n").split("\n")
        self._append(kind, first, whole=bool(rest))
        if (unseen := len(rest) - MOST_LINES - 1) > 0:
            self.left_out += unseen
            del rest[:unseen]
        for number, piece in enumerate(rest, 1):
            self._close(kind)
            self._append(kind, piece, whole=number < len(rest))
        self._bound()

    def _append(self, kind: str, piece: str, *, whole: bool) -> None:
        """A piece of a line; `whole` where the line's end has come, so that a blank one counts."""
        at = self._open.get(kind)
        if at is None:
            if not piece and not whole:
                return
            at = len(self.lines)
            self.lines.append((kind, ""))
            self._open[kind] = at
        before = self.lines[at][1]
        head, *overwrites = piece.split("\r")
        after = before + self._shortened(kind, head, LONGEST - len(before))
        for part in overwrites[-MOST_OVERWRITES:]:
            # Back to the line's begin: what comes now overwrites, what is longer stays.
            new = self._shortened(kind, part, LONGEST)
            after = new if "\x1b" in new + after else new + after[len(new) :]
        self.lines[at] = (kind, after)
        self._size += len(after) - len(before)

    def _shortened(self, kind: str, text: str, room: int) -> str:
        """What of it may be shown; what is too long is counted, never looked at."""
        room = max(room, 0)
        if len(text) > room:
            self._more[kind] = self._more.get(kind, 0) + len(text) - room
            text = _UNFINISHED.sub("", text[:room])
        return _harmless(text)

    def _close(self, kind: str) -> None:
        """The stream's line is finished; if it was too long, its end says so."""
        at, more = self._open.pop(kind, None), self._more.pop(kind, 0)
        if at is not None and more:
            said = " … " + t("{n} more characters", n=thousands(more))
            self.lines[at] = (kind, self.lines[at][1] + said)
            self._size += len(said)

    def finish(self) -> None:
        """Nothing goes on with a line that is unfinished now."""
        for kind in list(self._open):
            self._close(kind)

    def _bound(self) -> None:
        """The earliest lines make room; the newest is always there."""
        gone, size = max(0, len(self.lines) - MOST_LINES), self._size
        size -= sum(len(text) for _, text in self.lines[:gone])
        while size > MOST_CHARACTERS and gone < len(self.lines) - 1:
            size -= len(self.lines[gone][1])
            gone += 1
        if gone:
            del self.lines[:gone]
            self._size = size
            self.left_out += gone
            self._open = {kind: at - gone for kind, at in self._open.items() if at >= gone}

    def block(self, kind: str, text: str) -> None:
        """Whole lines: a value, a traceback."""
        self.finish()
        for line in text.rstrip("\n").split("\n"):
            short = self._shortened(kind, line, LONGEST)
            self._open[kind] = len(self.lines)
            self.lines.append((kind, short))
            self._size += len(short)
            self._close(kind)
        self._bound()


@dataclass(eq=False)
class Record:
    """One cell's last run."""

    state: str = "new"  # new, waiting, running, ran, failed, interrupted, died
    number: int = 0  # of the run, as In [3] of a notebook
    stale: bool = False  # a cell above has run again since
    seconds: float = 0.0
    began: float = 0.0  # monotonic, while it runs
    lines: dict[int, ev.Line] = field(default_factory=dict)
    elsewhere: dict[tuple[int, int], ev.Line] = field(default_factory=dict)  # (cell, line): code of an earlier cell
    output: Transcript = field(default_factory=Transcript)
    cards: dict[tuple[str, int], ev.Tensor] = field(default_factory=dict)
    fresh_grads: set[str] = field(default_factory=set)  # names whose gradient the last backward() moved
    graphs: dict[str, ev.Graph] = field(default_factory=dict)  # by root, the newest last
    series: dict[str, Series] = field(default_factory=dict)
    error: ev.Error | None = None
    advice: list[ev.Advice] = field(default_factory=list)
    died: str | None = None

    def has(self, panel: str) -> bool:
        """Whether it has something for that panel."""
        return bool(
            {"output": self.output.lines, "tensors": self.cards, "graph": self.graphs, "plot": self.series}[panel]
        )

    def begin(self, number: int, now: float) -> None:
        """A run starts: everything of the last one is gone."""
        fresh = Record(state="running", number=number, began=now)
        self.__dict__.update(fresh.__dict__)

    def apply(self, events: Iterable[ev.AnyEvent]) -> set[str]:
        """Take events in; says which panels have changed: "cell", "output", "tensors", "graph", "plot"."""
        touched: set[str] = set()
        for event in events:
            match event:
                case ev.Stdout(text=text, dropped=dropped):
                    self.output.write("out", text)
                    self.output.dropped += dropped
                    touched |= {"cell", "output"}
                case ev.Stderr(text=text, dropped=dropped):
                    self.output.write("err", text)
                    self.output.dropped += dropped
                    touched |= {"cell", "output"}
                case ev.Value(text=text):
                    self.output.block("value", text)
                    touched |= {"cell", "output"}
                case ev.Line(line_cell=int() as other) if other != event.cell:
                    self.elsewhere[(other, event.line)] = event
                    touched.add("elsewhere")
                case ev.Line():
                    self.lines[event.line] = event
                    touched.add("cell")
                case ev.Tensors(items=items):
                    self._cards(items)
                    touched.add("tensors")
                case ev.Graph(root=root):
                    self.graphs.pop(root, None)
                    self.graphs[root] = event
                    touched.add("graph")
                case ev.Metric(name=name, step=step, value=value):
                    self.series.setdefault(name, Series()).add(step, float(value))
                    touched.add("plot")
                case ev.Advice():
                    self.advice.append(event)
                    touched |= {"cell", "output"}
                case ev.Error():
                    self.error = event
                    self.output.block("trace", event.traceback or f"{event.kind}: {event.message}")
                    if event.explanation:
                        self.output.block("why", event.explanation)
                    touched |= {"cell", "output"}
                case ev.Done():
                    self.output.finish()
                    self.seconds = event.seconds
                    self.died = event.died
                    self.state = (
                        "died"
                        if event.died
                        else "interrupted"
                        if event.interrupted
                        else "ran"
                        if event.ok
                        else "failed"
                    )
                    touched |= {"cell", "output", "tensors", "graph", "plot"}
        return touched

    def _cards(self, items: list[ev.Tensor]) -> None:
        for item in items:
            key = (item.name, item.line)
            before = self.cards.get(key)
            if item.grad is not None and (before is None or before.grad != item.grad):
                self.fresh_grads.add(item.name)
            self.cards[key] = item
