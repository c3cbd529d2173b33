"""Screens under test: the real dashboard, headless, with a learner of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.tui.app import Dashboard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

PATIENCE = 3_000  # looks, 10 ms or more apart, before a test gives up


class Bench:
    """A pilot that waits for what a test wants to see, never for a time."""

    def __init__(self, app: Dashboard, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """The same in one string."""
        return "\n".join(self.lines)

    async def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        await self.pilot.press(*keys)

    async def until(self, shown: str | Callable[[], object]) -> None:
        """Wait until a text, or what a predicate asks for, is there."""
        found = (lambda: shown in self.text) if isinstance(shown, str) else shown
        for _ in range(PATIENCE):
            if found():
                return
            await self.pilot.pause(0.01)
        pytest.fail(f"never seen: {shown!r}\n{self.text}")


@pytest.fixture
def dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Opens dashboards on a home of their own: ``async with dashboard(columns, rows) as bench``."""
    monkeypatch.setenv("PTLEARN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PTLEARN_DATA", raising=False)

    @asynccontextmanager
    async def open_one(columns: int = 80, rows: int = 24, **options: object) -> AsyncIterator[Bench]:
        app = Dashboard(**{"language": "en", **options})  # type: ignore[arg-type]
        app.theme = "ptlearn"
        async with app.run_test(size=(columns, rows), notifications=True) as pilot:
            yield Bench(app, pilot)

    return open_one
