"""What a cell prints, as a terminal would show it: progress bars draw in place, colours stay, the rest is harmless."""

from __future__ import annotations

import re

from rich.text import Text
from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.text import thousands

MOST_LINES = 5_000  # of output kept for the panel; a counter says how many are gone
MOST_CHARACTERS = 500_000  # of all of them
LONGEST = 4_000  # characters of one line, some fifty rows of a panel; how many more there are is said
MOST_OVERWRITES = 100  # of a line in one piece of output: nobody saw the earlier ones
REACH = 50  # lines above the last that a stream can go back to

# Everything that a terminal obeys, but for line ends: CSI, OSC, DCS and the like, two-character escapes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])")
_COLOUR = re.compile(r"(\x1b\[[\d;]*m)")  # kept: it can do no harm
_UP = re.compile(r"\x1b\[(\d{0,2})A")  # obeyed within the cell's own lines: how bars stand one below the other
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


def _more_characters(number: int) -> str:
    return " … " + t("{n} more characters", n=thousands(number))


class Transcript:
    """Output as a terminal would show it, as far as `\\r` and steps upwards go; all else that it obeys is taken out."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []  # kind ("out", "err", "value", "trace"), text
        self.left_out = 0  # lines
        self.dropped = 0  # bytes that were never here
        self._open: dict[str, int] = {}  # kind -> index of its unfinished line
        self._rows: dict[str, list[int]] = {}  # kind -> indices of the lines that it can go back to, its last included
        self._anew: set[str] = set()  # kinds that stand at the begin of a line with something in it
        self._more: dict[str, int] = {}  # kind -> characters left out of its unfinished line
        self._size = 0  # characters in all lines
        self._held: dict[str, str] = {}  # kind -> the begin of an escape sequence

    def drop(self, size: int, lines: int) -> None:
        """So many bytes, with so many line ends, were left out before they came here."""
        self.dropped += size
        self.left_out += lines

    def write(self, kind: str, text: str) -> None:
        """Add text of one stream; an unfinished line is gone on with."""
        text = self._held.pop(kind, "") + text
        unfinished = _UNFINISHED.search(text)
        if unfinished:
            self._held[kind] = unfinished[0]
            text = text[: unfinished.start()]
        first, *rest = text.replace("\r\n", "\n").split("\n")
        self._row(kind, first, whole=bool(rest))
        if (unseen := len(rest) - MOST_LINES - 1) > 0:
            self.left_out += unseen
            del rest[:unseen]
        for number, row in enumerate(rest, 1):
            self._down(kind)
            if kind not in self._open and "\x1b" not in text and "\r" not in text:
                self._plain(kind, rest[number - 1 : -1])
                self._row(kind, rest[-1], whole=False)
                break
            self._row(kind, row, whole=number < len(rest))
        self._bound()

    def _plain(self, kind: str, rows: list[str]) -> None:
        """Whole lines below all others, with nothing in them that a terminal obeys. A million of them pass here."""
        self._anew.discard(kind)
        begin = len(self.lines)
        whole = safe("\n".join(rows)).split("\n") if rows else []
        for row, text in zip(rows, whole, strict=True):
            if len(row) > LONGEST:
                text = safe(row[:LONGEST]) + _more_characters(len(row) - LONGEST)
            self.lines.append((kind, text))
            self._size += len(text)
        below = range(max(begin, len(self.lines) - REACH), len(self.lines))
        self._rows[kind] = [*self._rows.get(kind, []), *below][-REACH:]

    def _row(self, kind: str, row: str, *, whole: bool) -> None:
        """What comes up to a line's end."""
        if "\x1b[" not in row:
            self._append(kind, row, whole=whole)
            return
        head, *steps = _UP.split(row)
        self._append(kind, head, whole=whole and not steps)
        for number, piece in zip(steps[::2], steps[1::2], strict=True):
            for _ in range(int(number or 1)):
                self._up(kind)
            self._append(kind, piece, whole=False)

    def _append(self, kind: str, piece: str, *, whole: bool) -> None:
        """A piece of a line; `whole` where the line's end has come, so that a blank one counts."""
        at = self._open.get(kind)
        if at is None:
            if not piece and not whole:
                return
            at = self._open[kind] = len(self.lines)
            self.lines.append((kind, ""))
            rows = self._rows.setdefault(kind, [])
            rows.append(at)
            if len(rows) > 2 * REACH:
                del rows[:REACH]
        if piece and kind in self._anew:
            self._anew.discard(kind)
            piece = "\r" + piece
        before = self.lines[at][1]
        head, *overwrites = piece.split("\r")
        after = before + self._shortened(kind, head, LONGEST - len(before))
        for part in overwrites[-MOST_OVERWRITES:]:
            # Back to the line's begin: what comes now overwrites, what is longer stays.
            new = self._shortened(kind, part, LONGEST)
            after = new if "\x1b" in new + after else new + after[len(new) :]
        self.lines[at] = (kind, after)
        self._size += len(after) - len(before)

    def _up(self, kind: str) -> None:
        """To the stream's line above, if there is one."""
        rows, at = self._rows.get(kind, []), self._open.get(kind)
        above = rows if at is None else rows[: rows.index(at)]
        if above:
            self._close(kind)
            self._open[kind] = above[-1]

    def _down(self, kind: str) -> None:
        """Past a line's end: to a new line, or one that the stream had come up from."""
        at, rows = self._open.get(kind), self._rows.get(kind)
        self._close(kind)
        if at is not None and rows and at != rows[-1]:
            self._open[kind] = rows[rows.index(at) + 1]
            self._anew.add(kind)

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
            said = _more_characters(more)
            self.lines[at] = (kind, self.lines[at][1] + said)
            self._size += len(said)

    def finish(self) -> None:
        """Nothing goes on with a line that is there now."""
        for kind in list(self._open):
            self._close(kind)
        self._rows.clear()
        self._anew.clear()

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
            self._rows = {kind: [at - gone for at in rows if at >= gone] for kind, rows in self._rows.items()}

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
