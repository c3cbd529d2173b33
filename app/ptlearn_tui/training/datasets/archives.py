"""Take the files of a set out of an archive from anywhere: a zip, a tar or a tar.gz. Needs no torch.

An archive is not trusted. Nothing is unpacked to a path that it names: only regular files with a name that is looked
for are taken, into files that are numbered here, each of a bounded size and so many at most. Links, absolute paths and
``..`` mean nothing, and what a bomb claims to hold is never written or kept in memory.
"""

from __future__ import annotations

import gzip
import os
import stat
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Protocol, cast

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.training.datasets.broken import GetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ptlearn_tui.training.datasets.progress import Progress

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")

CHUNK = 1 << 18
MOST_FILES = 64
"""Files that are taken out of one archive, all named as the set's: several sets may lie side by side in it."""
MOST_ENTRIES = 1_000_000
MOST_HEADER = 1 << 20
"""Bytes that describe one entry of a tar; tarfile keeps them in memory."""
SLACK, RATIO = 1 << 30, 100
"""Unpacked bytes beyond which a tar.gz is a bomb, if they are also so many times the packed ones. Images pack 4:1."""

HARM = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile)
"""What an archive that was cut short or damaged raises."""


@dataclass(frozen=True)
class Candidate:
    """A file that has the name of one of a set's."""

    path: PurePosixPath  # as its source calls it; never opened
    file: Path  # where its bytes are now
    ours: bool  # in the scratch folder: it may be moved


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """So many at most; none at the end."""
        ...


def is_archive(file: Path) -> bool:
    """Whether it begins as a zip or a tar.gz does, or has a tar's mark. Raises `OSError`."""
    with file.open("rb") as opened:
        head = opened.read(512)
    return zipfile.is_zipfile(file) or head[:2] == b"\x1f\x8b" or head[257:262] == b"ustar"


def take_out(archive: Path, wanted: Mapping[str, int], into: Path, progress: Progress) -> list[Candidate]:
    """The files called as one of `wanted`, which gives the most bytes of each: a byte more is kept, to be noticed.

    Raises `RequestError` for what is no archive, `GetError` for one that is damaged, `OSError`.
    """
    if not is_archive(archive):
        raise RequestError(t("{file} is not a zip, tar or tar.gz archive", file=archive))
    into.mkdir()
    taken: list[Candidate] = []
    try:
        for path, stream in (
            _zipped(archive, wanted, progress) if zipfile.is_zipfile(archive) else _tarred(archive, wanted, progress)
        ):
            if len(taken) == MOST_FILES:
                raise GetError(t("{file} holds more than {n} files of such names", file=archive, n=MOST_FILES))
            kept = into / str(len(taken))
            _copy(stream, kept, wanted[path.name] + 1)
            taken.append(Candidate(path, kept, ours=True))
    except HARM as error:
        raise GetError(t("{file} is cut short or damaged ({error})", file=archive, error=error)) from error
    except (OSError, RequestError, GetError):
        raise
    except Exception as error:  # made to confuse: such an archive may raise anything
        raise GetError(t("{file} can't be read: {error}", file=archive, error=error)) from error
    return taken


def _copy(stream: Stream, kept: Path, most: int) -> None:
    with kept.open("xb") as out:
        while most and (chunk := stream.read(min(CHUNK, most))):
            out.write(chunk)
            most -= len(chunk)


def _zipped(archive: Path, wanted: Mapping[str, int], progress: Progress) -> Iterator[tuple[PurePosixPath, Stream]]:
    with zipfile.ZipFile(archive) as opened:
        entries = [entry for entry in opened.infolist() if _path(entry).name in wanted]
        progress.begin(archive.name, sum(min(entry.file_size, wanted[_path(entry).name]) for entry in entries))
        for entry in entries:
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if entry.is_dir() or kind not in (0, stat.S_IFREG):
                continue
            if entry.flag_bits & 1:
                raise GetError(t("{file} is encrypted", file=archive))
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise GetError(t("{file} is packed in a way that is not known here", file=archive))
            with opened.open(entry) as stream:
                yield _path(entry), _Counted(stream, progress)


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename.replace("\\", "/"))  # as some programs on Windows write it


def _tarred(archive: Path, wanted: Mapping[str, int], progress: Progress) -> Iterator[tuple[PurePosixPath, Stream]]:
    with archive.open("rb") as packed:
        size = os.fstat(packed.fileno()).st_size
        progress.begin(archive.name, size)
        counted = _Counted(packed, progress)
        is_gzip = packed.read(2) == b"\x1f\x8b"
        packed.seek(0)
        stream = _Bounded(gzip.GzipFile(fileobj=cast("IO[bytes]", counted)) if is_gzip else counted, size)
        # tarfile itself unpacks nothing: its own reading of gzip would let one header fill the memory.
        try:
            opened = tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:")  # noqa: SIM115
        except tarfile.ReadError as error:
            if stream.tell() > 512:
                raise
            raise RequestError(t("{file} is not a zip, tar or tar.gz archive", file=archive)) from error
        entries = 0
        while (entry := _next(opened, stream)) is not None:
            entries += 1
            if entries > MOST_ENTRIES:
                raise GetError(t("{file} unpacks to far more than the set", file=archive))
            path = PurePosixPath(entry.name)
            if entry.isreg() and entry.sparse is None and path.name in wanted:
                member = opened.extractfile(entry)
                assert member is not None  # it is a regular file
                stream.allow(entry.size + CHUNK)
                with member:
                    yield path, member
            opened.members.clear()  # type: ignore[attr-defined]  # it would keep all


def _next(opened: tarfile.TarFile, stream: _Bounded) -> tarfile.TarInfo | None:
    stream.allow(MOST_HEADER)
    return opened.next()


class _Counted:
    """A stream whose bytes are counted as they are read from it."""

    def __init__(self, stream: IO[bytes], progress: Progress) -> None:
        self._stream = stream
        self._progress = progress

    def read(self, size: int = -1, /) -> bytes:
        """As the stream does."""
        chunk = self._stream.read(size)
        self._progress.add(len(chunk))
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        """As the stream does, uncounted."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As the stream does."""
        return self._stream.tell()


class _Bounded:
    """What tarfile reads from: forward only, never more at once than is allowed, and no bomb's fill.

    `packed` is the size of the archive, bytes. Raises `GetError`.
    """

    def __init__(self, stream: Stream, packed: int) -> None:
        self._stream = stream
        self._most = max(SLACK, RATIO * packed)
        self._at = 0
        self._allowed = MOST_HEADER

    def allow(self, count: int) -> None:
        """So many bytes may be read until the next word."""
        self._allowed = count

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        if size < 0 or size > self._allowed:
            raise GetError(t("an entry of the archive claims a size that it can't have"))
        chunk = self._stream.read(size)
        self._allowed -= len(chunk)
        self._count(len(chunk))
        return chunk

    def seek(self, offset: int) -> int:
        """Forward, by reading."""
        if offset < self._at:
            raise GetError(t("an entry of the archive claims a size that it can't have"))
        while self._at < offset and (chunk := self._stream.read(min(CHUNK, offset - self._at))):
            self._count(len(chunk))
        return self._at

    def tell(self) -> int:
        """Bytes so far, unpacked."""
        return self._at

    def _count(self, count: int) -> None:
        self._at += count
        if self._at > self._most:
            raise GetError(t("the archive unpacks to far more than the set"))
