"""A file of notes -> its text: every encoding that people's notes come in, and a clear word where it is no text."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from pathlib import Path

MOST = 16_000_000  # bytes: four times the longest of books
MOST_LINES = 250_000  # two seconds
MOST_RUN = 50_000  # lines without a blank one: CommonMark looks at each of them eleven times, a second for these
MOST_BROKEN = 0.1  # of the characters; beyond, it is no text with a few bad bytes in it

# Longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONE = dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")  # a byte that is of no character

Signature = tuple[int, int, int, int]
"""Device, inode, size, time of the last change in ns: another one is another content."""


@dataclass(frozen=True)
class Text:
    """What a file says, as it was at one moment."""

    path: Path
    text: str  # characters stand for the file's bytes one by one: a byte of no character is U+FFFD
    encoding: str
    signature: Signature
    broken: int = 0  # characters that could not be read

    @property
    def shown(self) -> str:
        """Without the mark that some editors put in front."""
        return self.text.removeprefix("\ufeff")


def signature(path: Path) -> Signature:
    """Of a file as it is now. Raises `OSError`."""
    return _signature(path.stat())


def _signature(found: os.stat_result) -> Signature:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def read(path: Path) -> Text:
    """Read a file whole. Raises `RequestError` in one line for what is no file, can't be read, or is no text."""
    data, found = contents(path)
    text, encoding = decode(data, str(path))
    clean, broken = text, 0
    try:
        text.encode()  # a hundredth of the time that `translate` takes
    except UnicodeEncodeError:
        clean = text.translate(LONE)
        broken = sum("\ud800" <= character < "\ue000" for character in text)
    if broken > MOST_BROKEN * len(text):
        raise RequestError(t("{path} is not text", path=path))
    lines = clean.count("\n") or clean.count("\r")
    if lines > MOST_LINES:
        raise RequestError(t("{path} has {n} lines: no notes", path=path, n=lines))
    if _run(clean) >= MOST_RUN:
        raise RequestError(t("{path} has {n} lines without a blank one: no notes", path=path, n=MOST_RUN))
    return Text(path, clean, encoding, found, broken)


def _run(text: str) -> int:
    """The most lines without a blank one between them."""
    longest = run = 0
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        run = run + 1 if line and not line.isspace() else 0
        longest = max(longest, run)
    return longest


def contents(path: Path) -> tuple[bytes, Signature]:
    """The bytes of a regular file of a bearable size. Raises `RequestError`."""
    try:
        kind = path.stat().st_mode  # before opening: to open a device may do something, a pipe waits for its writer
        if not stat.S_ISREG(kind):
            raise RequestError(t("{path} is not a file", path=path))
        with open(path, "rb", opener=_at_once) as file:
            found = os.fstat(file.fileno())
            data = file.read(MOST + 1)
    except OSError as error:
        raise RequestError(f"{path}: {why(error)}") from error
    except ValueError as error:  # a null byte in its name
        raise RequestError(f"{str(path)!r}: {error}") from error
    if len(data) > MOST:
        raise RequestError(t("{path} is larger than {n} MB", path=path, n=MOST // 1_000_000))
    return data, _signature(found)


def _at_once(name: str, flags: int) -> int:
    """Where a pipe has taken the file's place meanwhile, opening it must not wait."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def why(error: OSError) -> str:
    """An error of the system, in words of its own."""
    if error.errno == errno.ELOOP:
        return t("a link that leads back to itself")
    return error.strerror or str(error)


def decode(data: bytes, name: str) -> tuple[str, str]:
    """The text, and the encoding that gives these very bytes back; the mark at its head is a part of it.

    Without a mark: UTF-8, else GB 18030 (what Chinese Windows writes) where it is common Chinese throughout, else
    UTF-8 with lone surrogates for the bytes that are of no character, as `surrogateescape` has them.
    Raises `RequestError`.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict"), encoding
            except UnicodeDecodeError as error:
                raise RequestError(
                    t("{path} is not {encoding} text (byte {n})", path=name, encoding=encoding, n=error.start)
                ) from error
    if b"\0" in data:  # a program, a picture, or UTF-16 without its mark
        raise RequestError(t("{path} is not text: it has null bytes (UTF-16 needs its mark)", path=name))
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        chinese = _chinese(data)
        return (data.decode("utf-8", "surrogateescape"), "utf-8") if chinese is None else (chinese, "gb18030")


def _chinese(data: bytes) -> str | None:
    """GB 18030 takes nearly any bytes: believed only where GB 2312, its common part, has almost all of it."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    foreign = "".join(character for character in text if character > "\x7f")
    common = len(foreign.encode("gb2312", "ignore")) / 2
    return text if common > 0.95 * len(foreign) and text.encode("gb18030") == data else None
