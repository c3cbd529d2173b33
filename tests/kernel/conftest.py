"""Real servers and kernels. Whatever hangs is killed after a minute, and the test fails on what it then sees."""

from __future__ import annotations

import os
import select
import threading
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.kernel.client import Kernel, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 60.0  # seconds: far more than anything takes


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests: torch takes seconds to import."""
    server = Server()
    server.start()
    assert server.wait(PATIENCE)
    yield server
    server.close()


@pytest.fixture
def kernel(server: Server) -> Iterator[Kernel]:
    """A fresh kernel."""
    kernel = server.kernel()
    watchdog = threading.Timer(PATIENCE, kernel.kill)
    watchdog.daemon = True
    watchdog.start()
    yield kernel
    watchdog.cancel()
    kernel.kill()


class Fifo:
    """A named pipe that processes hold open for writing, and that ends for the test when the last of them has."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(self._end, True)

    def read(self) -> bytes:
        """What somebody writes; empty when nobody can any more."""
        assert select.select([self._end], [], [], PATIENCE)[0], "somebody still holds it"
        return os.read(self._end, 4096)

    def ended(self) -> bool:
        """Wait until nobody holds it any more."""
        while self.read():
            pass
        return True

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    fifo = Fifo(tmp_path / "fifo")
    yield fifo
    fifo.close()
