"""A home, a small MNIST cut from the bundled sample, and real runs that are never left behind."""

from __future__ import annotations

import fcntl
import gzip
import os
import signal
import struct
import threading
import time
from typing import TYPE_CHECKING, TypeAlias

import pytest

from ptlearn_tui import events, home, runs
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.training import catalog, datasets
from ptlearn_tui.training.datasets import published
from ptlearn_tui.training.datasets.idx import Idx

from . import small_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Starter: TypeAlias = "Callable[..., Path]"
PATIENCE = 120.0


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the machine's own is seen: home, cache, data, the folder one stands in."""
    monkeypatch.setenv("PTLEARN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PTLEARN_DATA", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return home.runs_folder()


def cut(found: datasets.Found, target: Path, train: int, test: int) -> Path:
    """A data folder with the first images of each split, unpacked or packed by turns: both are to be read."""
    raw = target / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, count in (("train", train), ("test", test)):
        pixels, labels = datasets.read(found, split)
        word = Idx.WORDS[split]
        images = struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28) + pixels[: count * 784]
        (raw / f"{word}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images, 1))
        (raw / f"{word}-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, count) + labels[:count])
    return target


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MNIST as a data folder: 640 training images (ten steps of 64) and 100 for the test."""
    return cut(datasets.find_offline("mnist"), tmp_path_factory.mktemp("data"), 640, 100)


@pytest.fixture
def small_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """`data get` takes small sets for the real ones."""
    for name, versions in small_sets.VERSIONS.items():
        monkeypatch.setitem(published.VERSIONS, name, versions)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def start(small: Path, state: Path) -> Iterator[Starter]:
    """Starts real runs on the small set; whatever still runs after the test is killed."""

    def begin(recipe: str = "mnist", **options: object) -> Path:
        options = {"device": "cpu", "data": str(small), **options}
        return runs.start(catalog.request(recipe, **options))  # type: ignore[arg-type]

    yield begin
    for folder in state.iterdir():
        pid = run_folder.owner(folder)
        if pid:
            os.kill(pid, signal.SIGKILL)
            wait_until_gone(folder)


def wait_until_gone(folder: Path) -> None:
    """Until the run's process is dead: a lock that it holds is ours when it is."""
    with (folder / "lock").open("rb") as lock:
        fcntl.lockf(lock, fcntl.LOCK_SH)


def wait_for(tail: runs.Tail, what: Callable[[events.AnyEvent], bool]) -> list[events.AnyEvent]:
    """What the run writes up to the batch that has such an event in it."""
    found: list[events.AnyEvent] = []
    until = time.monotonic() + PATIENCE
    while not any(map(what, found)):
        assert time.monotonic() < until, f"waited in vain; the last was {found[-1:]}"
        threading.Event().wait(0.01)
        found += tail.read()
    return found


def is_end(event: events.AnyEvent) -> bool:
    return isinstance(event, events.End)


def losses(found: list[events.AnyEvent]) -> dict[int, float]:
    """Loss by step; where a step stands twice, the later line counts."""
    return {
        event.step: float(event.value) for event in found if isinstance(event, events.Metric) and event.name == "loss"
    }
