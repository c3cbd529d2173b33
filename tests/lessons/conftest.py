"""One server for all tests of lessons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.kernel.client import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 120.0  # seconds that torch may take to be imported


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    assert server.wait(PATIENCE)
    yield server
    server.close()
