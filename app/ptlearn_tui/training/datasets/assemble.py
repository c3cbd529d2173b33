"""Put a set together from files that were found, and check each: what is not the real thing is not installed.

Needs no torch.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptlearn_tui.locale import t
from ptlearn_tui.training import datasets
from ptlearn_tui.training.datasets import published
from ptlearn_tui.training.datasets.archives import CHUNK, Candidate, Stream
from ptlearn_tui.training.datasets.broken import BrokenFile, GetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path, PurePosixPath

    from ptlearn_tui.training.datasets.progress import Progress
    from ptlearn_tui.training.datasets.published import File, Version

FORM = "form"
"""How a file was checked whose published checksum is not known: its size, and that it can be trained on."""

MOST_TRIED = 16
"""Complete sets among the files that are tried, the likeliest first."""


@dataclass(frozen=True)
class Selection:
    """A complete version of a set among the candidates."""

    version: Version
    folder: PurePosixPath  # that all of them are below
    files: dict[File, Candidate]


def wanted(versions: Iterable[Version]) -> dict[str, int]:
    """Every name that a file of these versions may have, and the most bytes of a file with that name."""
    return {
        name: file.most + (published.ROOM if name.endswith(".gz") else 0)
        for version in versions
        for file in version.files
        for name in file.names()
    }


def select(candidates: Sequence[Candidate], versions: Sequence[Version], hint: str) -> list[Selection]:
    """Complete sets: first those in a folder whose path has `hint` in it, then by version, then the deepest.

    A file is looked for anywhere below such a folder, the nearest first, packed before unpacked: the sums of packed
    files are known for every set.
    """
    below: dict[PurePosixPath, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda one: (len(one.path.parts), one.path.suffix != ".gz", one.path)):
        for folder in candidate.path.parents:
            below.setdefault(folder, []).append(candidate)
    found: list[Selection] = []
    for folder in sorted(below, key=lambda one: (-len(one.parts), one)):
        for version in versions:
            chosen = {file: _first(below[folder], file) for file in version.files}
            files = {file: one for file, one in chosen.items() if one is not None}
            if all(file in files or not file.needed for file in version.files) and all(
                files != other.files for other in found
            ):
                found.append(Selection(version, folder, files))
    found.sort(key=lambda one: (hint not in str(one.folder).lower(), versions.index(one.version)))
    return found[:MOST_TRIED]


def _first(candidates: Iterable[Candidate], file: File) -> Candidate | None:
    return next((one for one in candidates if one.path.name in file.names()), None)


def assemble(
    data_set: datasets.DataSet, selection: Selection, into: Path, progress: Progress
) -> tuple[Path, dict[str, str]]:
    """Bring a selection together as a folder below `into`, unpacked: that folder, and how each file was checked.

    "md5", "sha1" or "sha256" where it has the published sum, else "form". Raises `GetError`, `OSError`.
    """
    folder = into / selection.version.folder
    folder.mkdir(parents=True)
    checked = {
        candidate.path.name: _bring(file, candidate, folder / file.name, progress)
        for file, candidate in selection.files.items()
    }
    _try_out(data_set, folder)
    return folder, checked


def _bring(file: File, candidate: Candidate, place: Path, progress: Progress) -> str:
    """One file into place, and how it was checked."""
    if candidate.path.name.endswith(".gz"):
        return _unpack(file, candidate, place)
    if not (candidate.ours and _linked(candidate.file, place)):
        with candidate.file.open("rb") as stream:
            progress.begin(candidate.path.name, candidate.file.stat().st_size)
            _write(stream, place, file.most + 1, progress.add)
    return _check(file, candidate, place)


def _linked(file: Path, place: Path) -> bool:
    """Give a file a second name, so that other selections still have it; some disks can't."""
    try:
        place.hardlink_to(file)
    except OSError:
        return False
    return True


def _unpack(file: File, candidate: Candidate, place: Path) -> str:
    """A packed file: its own sum is the published one, or that of what it holds is."""
    with candidate.file.open("rb") as stream:
        packed = stream.read(file.most + published.ROOM + 1)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            _write(stream, place, file.most + 1)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise
        raise _wrong(candidate, t("it is cut short or damaged ({error})", error=error)) from error
    if file.packed is not None:
        kind, sum_ = file.packed.split(":")
        found = hashlib.new(kind, packed, usedforsecurity=False).hexdigest()
        if found == sum_:
            return kind
        if file.digest is None:
            raise _mismatch(candidate, file.packed, found)
    return _check(file, candidate, place)


def _check(file: File, candidate: Candidate, place: Path) -> str:
    """How the unpacked file in `place` was checked. Raises `GetError`."""
    size = place.stat().st_size
    if size > file.most or (file.sized and size != file.most):
        why = t("it is cut short or damaged: {size} bytes instead of {expected}", size=size, expected=file.most)
        raise _wrong(candidate, why)
    kind, sum_ = (file.digest or "sha256:").split(":")
    digest = hashlib.new(kind, usedforsecurity=False)
    with place.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    found = digest.hexdigest()
    if found == sum_:
        return kind
    if file.digest is not None:
        raise _mismatch(candidate, file.digest, found)
    if published.whose(f"{kind}:{found}") is not None:
        raise _mismatch(candidate, "sha256:", found)
    return FORM


def _write(stream: Stream, place: Path, most: int, tell: Callable[[int], None] | None = None) -> None:
    """At most so many bytes; a file that has more is too long, and is found to be."""
    with place.open("xb") as out:
        while most and (chunk := stream.read(min(CHUNK, most))):
            out.write(chunk)
            most -= len(chunk)
            if tell is not None:
                tell(len(chunk))


def _try_out(data_set: datasets.DataSet, folder: Path) -> None:
    """Read it as training does. Raises `GetError`."""
    try:
        datasets.try_out(data_set, folder)
    except BrokenFile as error:
        raise GetError(f"{error.path.name}: {error.why}") from error


def _mismatch(candidate: Candidate, expected: str, found: str) -> GetError:
    kind, sum_ = expected.split(":")
    other = published.whose(f"{kind}:{found}")
    if other is not None:
        return _wrong(candidate, t("it is {title}'s", title=datasets.get(other).title))
    return _wrong(
        candidate, t("its {kind} sum is {found}…, not {expected}…", kind=kind, found=found[:8], expected=sum_[:8])
    )


def _wrong(candidate: Candidate, why: str) -> GetError:
    return GetError(f"{candidate.path}: {why}")
