"""What is written to the progress store: in the order in which it was asked for, and before the program ends."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from ptlearn_tui.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable


class Writer:
    """One thread for all writes: a disk may be slow, and another shell may hold the store for seconds.

    Workers in threads of their own would overtake each other, and the end of the program them.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` shows an error."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._say = say

    def keep(self, write: Callable[[], object], failed: Callable[[Exception], str] | None = None) -> asyncio.Task[None]:
        """Write after all that was asked for before; what it returns ends when that is on disk, or can't be.

        `failed` words why it can't; without it nobody is told: it was a comfort.
        """
        return asyncio.ensure_future(self._kept(self._thread.submit(write), failed))

    async def _kept(self, asked: Future[object], failed: Callable[[Exception], str] | None) -> None:
        try:
            await asyncio.shield(asyncio.wrap_future(asked))
        except (sqlite3.Error, OSError, RequestError) as error:
            if failed is not None:
                self._say(failed(error))

    def close(self) -> None:
        """Wait for what is still to be written."""
        self._thread.shutdown()
