"""Get a set: through torchvision, from a mirror, or from files that were copied over by hand. Needs no torch.

Whatever the source, the files are checked and put together in a scratch folder and moved into place whole: a source
that is wrong, a full disk or ctrl+c leave what was there before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.parse
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ptlearn_tui import home, locale
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.training import datasets
from ptlearn_tui.training.datasets import archives, fetch, gather, published
from ptlearn_tui.training.datasets.archives import Candidate
from ptlearn_tui.training.datasets.assemble import assemble, select, wanted
from ptlearn_tui.training.datasets.broken import GetError
from ptlearn_tui.training.datasets.scratch import install, scratch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptlearn_tui.training.datasets.progress import Progress
    from ptlearn_tui.training.datasets.published import Version

TORCHVISION = [sys.executable, "-m", "ptlearn_tui.training.datasets.download"]

MOST_ARCHIVE = 2 << 30
"""Bytes of an archive that is fetched; CIFAR-10's have 170 million."""


@dataclass(frozen=True)
class Order:
    """What is to be got, where to and where from."""

    data_set: datasets.DataSet
    root: Path  # a data folder
    source: str | None  # a URL, a file or a folder; None for the usual servers
    versions: Sequence[Version]  # what is the real thing
    bar: bool = False  # torchvision may draw its bar on stderr

    @property
    def remote(self) -> bool:
        """Whether the network is used."""
        return self.source is None or is_url(self.source)


@dataclass(frozen=True)
class Got:
    """A set that is there now."""

    found: datasets.Found
    checked: dict[str, str] | None  # how each file was: md5, sha1, sha256, form; None where it was there before


def is_url(source: str) -> bool:
    """Whether it is no path."""
    return "://" in source


def order(name: str, given: str | None, source: str | None, *, bar: bool) -> Order:
    """From what a user asks for. Raises `RequestError`."""
    data_set = datasets.get(name)
    if source is not None and is_url(source):
        if not fetch.can_be(source):
            raise RequestError(t("--from {source}: this is no http or https URL", source=source))
    elif source is not None:
        source = str(_readable(source))
    return Order(data_set, datasets.download_folder(given), source, published.VERSIONS[name], bar)


def obtain(asked: Order, progress: Progress) -> Got:
    """Have the set in its place, unless it is there already and whole.

    Raises `RequestError` where the source can't be one, `GetError` where it fails, `OSError` where the disk does.
    """
    found = _there(asked)
    if found is not None:
        return Got(found, None)
    with scratch(asked.root) as folder:
        made, checked = _first_right(asked, _sources(asked, folder, progress), folder, progress)
        if _there(asked) is None:  # another process may have been faster
            install(made, asked.root / made.relative_to(folder / "made"))
    return Got(datasets.find(asked.data_set.name, str(asked.root)), checked)


def _there(asked: Order) -> datasets.Found | None:
    """The set in its place; None where it is missing or broken."""
    try:
        return datasets.look(asked.data_set, asked.root)
    except RequestError:
        return None


def _first_right(
    asked: Order, sources: Iterable[list[Candidate] | GetError], folder: Path, progress: Progress
) -> tuple[Path, dict[str, str]]:
    """The first complete and right set in these sources, put together. Raises the first of what was wrong."""
    problem: GetError | None = None
    seen: set[str] = set()
    for source in sources:
        if isinstance(source, GetError):
            problem = problem or source
            continue
        seen.update(candidate.path.name for candidate in source)
        for selection in select(source, asked.versions, asked.data_set.name[:5]):
            try:
                return assemble(asked.data_set, selection, folder / "made", progress)
            except GetError as error:
                problem = problem or error
                shutil.rmtree(folder / "made")
    if problem is not None:
        raise problem
    missing = t("{source} does not have {files}", source=asked.source, files=_missing(asked.versions, seen))
    raise GetError(missing) if asked.remote else RequestError(missing)


def _missing(versions: Sequence[Version], seen: set[str]) -> str:
    """What was looked for and is not among these names: of each version, unless one lacks but a part."""
    names, whole = [], []
    for version in versions:
        needed = [file for file in version.files if file.needed]
        lacking = [file.name for file in needed if seen.isdisjoint(file.names())]
        if 0 < len(lacking) < len(needed):
            return ", ".join(lacking)
        names.append(", ".join(file.name for file in needed))
        whole += [version.archive] if version.archive else []
    return " / ".join([*names[:1], *whole])


def _sources(asked: Order, folder: Path, progress: Progress) -> Iterator[list[Candidate] | GetError]:
    """The files that there are to choose from, one place after the other; or what is wrong with a place."""
    if asked.source is None:
        yield _by_torchvision(asked, folder / "torchvision")
    elif is_url(asked.source):
        yield _from_url(asked, asked.source, folder, progress)
    elif Path(asked.source).is_dir():
        yield from _from_folder(asked, Path(asked.source), folder, progress)
    else:
        yield archives.take_out(Path(asked.source), wanted(asked.versions), folder / "archive", progress)


def _by_torchvision(asked: Order, into: Path) -> list[Candidate]:
    """Raises `GetError` with what torchvision says."""
    command = [*TORCHVISION, asked.data_set.name, str(into), locale.language(), str(fetch.PATIENCE), str(os.getpid())]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if asked.bar else subprocess.DEVNULL,
        start_new_session=True,  # ctrl+c is for this process, which ends that one and cleans up
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            told, _ = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode:
        why = t("torchvision's process ended with {status}", status=process.returncode)
        raise GetError(" ".join(told.split()) or why)
    return [Candidate(one.path, one.file, ours=True) for one in gather.loose(into, wanted(asked.versions))]


def _from_url(asked: Order, url: str, folder: Path, progress: Progress) -> list[Candidate]:
    """One archive, or what a mirror's folder has of the set."""
    into = folder / "fetched"
    into.mkdir()
    path = PurePosixPath(urllib.parse.urlsplit(url).path)
    if path.name.lower().endswith(archives.SUFFIXES):
        return _from_fetched(asked, url, into / path.name[-80:], progress)
    base = url.rstrip("/")
    problem: GetError | None = None
    for version in asked.versions:
        try:
            if version.archive is not None:
                return _from_fetched(asked, f"{base}/{version.archive}", into / version.archive, progress)
            for file in version.files:
                name = f"{file.name}.gz"
                fetch.fetch(f"{base}/{name}", into / name, file.most + published.ROOM, progress)
            return [Candidate(PurePosixPath(file.name), file, ours=True) for file in into.iterdir()]
        except fetch.NotThere as error:
            problem = problem or error
    assert problem is not None  # every set has a version
    raise problem


def _from_fetched(asked: Order, url: str, archive: Path, progress: Progress) -> list[Candidate]:
    fetch.fetch(url, archive, MOST_ARCHIVE, progress)
    try:
        return archives.take_out(archive, wanted(asked.versions), archive.parent / "archive", progress)
    except RequestError as error:  # of the server, not of the user: a login page, for one
        raise GetError(t("{url}: what came is not an archive", url=url)) from error


def _from_folder(asked: Order, source: Path, folder: Path, progress: Progress) -> Iterator[list[Candidate] | GetError]:
    """The files themselves, then one archive after the other."""
    names = wanted(asked.versions)
    yield gather.loose(source, names)
    published_as = [version.archive for version in asked.versions if version.archive]
    for archive in gather.packed(source, published_as, [asked.data_set.name[:5]]):
        try:
            yield archives.take_out(archive, names, folder / "archive", progress)
        except GetError as error:
            yield error
        except RequestError:
            pass  # it only has an archive's name
        shutil.rmtree(folder / "archive", ignore_errors=True)


def _readable(source: str) -> Path:
    """A file or folder that a user names. Raises `RequestError`."""
    path = home.expanded(source).absolute()
    try:
        if not source or not (path.is_dir() or path.is_file()):
            raise RequestError(t("--from {source}: there is no such file or folder", source=source))
        if path.is_dir():
            os.scandir(path).close()
        else:
            path.open("rb").close()
    except OSError as error:
        raise RequestError(f"--from {source}: {error.strerror}") from error
    names = [name for versions in published.VERSIONS.values() for name in wanted(versions)]
    if path.is_file() and path.name in names:
        raise RequestError(
            t("{file} is one file of several; name their folder: --from {folder}", file=path.name, folder=path.parent)
        )
    return path
