"""Find the files of a set in a file or a folder of this machine: loose, or in an archive. Needs no torch."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.training.datasets import archives
from ptlearn_tui.training.datasets.archives import Candidate
from ptlearn_tui.training.datasets.scratch import PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection

MOST_LOOKED_AT = 1_000_000
"""Files and folders below a given folder; a disk's root has about as many."""


def loose(folder: Path, names: Collection[str]) -> list[Candidate]:
    """Files with such a name anywhere below a folder. Raises `RequestError`."""
    return [
        Candidate(PurePosixPath(path.relative_to(folder)), path, ours=False)
        for path in _below(folder)
        if path.name in names and path.is_file()
    ]


def packed(folder: Path, published: Collection[str], words: Collection[str]) -> list[Path]:
    """Archives below a folder that may hold the set: with a published name first, then with one of `words` in it."""
    found = [path for path in _below(folder) if path.name.lower().endswith(archives.SUFFIXES) and path.is_file()]
    likely = [path for path in found if path.name in published or any(word in path.name.lower() for word in words)]
    return sorted(likely, key=lambda path: (path.name not in published, len(path.parts), path))


def _below(folder: Path) -> list[Path]:
    """All that is below, but not what links to other folders lead to, nor what a `get` is working on."""
    looked_at, found = 0, []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(PREFIX))
        looked_at += len(folders) + len(files)
        if looked_at > MOST_LOOKED_AT:
            raise RequestError(t("{folder} holds too much to look through; name a folder below it", folder=folder))
        found += [Path(place, name) for name in sorted(files)]
    return found
