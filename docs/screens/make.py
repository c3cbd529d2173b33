"""Takes the README's pictures from the real program: `python docs/screens/make.py`.

A learner of its own, real cells in a real kernel, a real training run on the bundled sample.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len

from ptlearn_tui import locale
from ptlearn_tui.course.progress import Progress
from ptlearn_tui.runs.launch import start
from ptlearn_tui.runs.listing import summary
from ptlearn_tui.training import catalog
from ptlearn_tui.tui.app import Dashboard
from ptlearn_tui.tui.screens.lesson import LessonScreen
from ptlearn_tui.tui.widgets.ask import AnswerLine

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
SIZE = (120, 40)


# Rich counts characters where it says how long a text is: Chinese would be squeezed into half its room.
_LENGTH = re.compile(r'textLength="([\d.]+)"([^>]*)>([^<]*)<')


def _in_cells(match: re.Match[str]) -> str:
    text = html.unescape(match[3])
    length = float(match[1]) * cell_len(text) / max(len(text), 1)
    return f'textLength="{length:.1f}"{match[2]}>{match[3]}<'


async def until(pilot: object, found: Callable[[], object]) -> None:
    """Wait for what is to be seen."""
    while not found():
        await pilot.pause(0.05)  # type: ignore[attr-defined]
    await pilot.pause(0.3)  # type: ignore[attr-defined]


async def take(language: str, run: Path) -> None:
    """Three pictures in one language."""
    locale.use(language)
    app = Dashboard(language=language)
    app.theme = "ptlearn"

    def save(name: str) -> None:
        picture = _LENGTH.sub(_in_cells, app.export_screenshot(title="ptlearn-tui"))
        (HERE / f"{name}-{language}.svg").write_text(picture, "utf-8")

    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.torch_state == "ready" and app.devices)
        await pilot.press("down", "down", "down", "down")
        await pilot.pause(0.3)
        save("plan")
        page = app.plan.page("autograd/scalar")
        assert page is not None
        app.open_page(page)
        await until(pilot, lambda: isinstance(app.screen, LessonScreen) and app.screen.session.cells)
        lesson = app.screen
        assert isinstance(lesson, LessonScreen)
        await until(pilot, lambda: lesson.focused is not None)
        await pilot.press("tab")
        await until(pilot, lambda: isinstance(lesson.focused, AnswerLine))
        await pilot.press(*"2.25", "enter")
        await until(pilot, lambda: lesson.session.records[1].state == "ran")
        lesson.side.panel(3).focus()
        await pilot.press("right")
        await pilot.pause(0.3)
        await pilot.press("left")
        await pilot.press("escape")
        await pilot.pause(0.3)
        save("lesson")
        await pilot.press("q")
        app.open_run(run.name)
        await until(pilot, lambda: app.screen.query("Facts") and app.screen.view.end)  # type: ignore[attr-defined]
        await pilot.pause(0.5)
        save("training")


def main() -> None:
    """Both languages, a new learner each."""
    for language in locale.LANGUAGES:
        with tempfile.TemporaryDirectory() as home:
            os.environ["PTLEARN_HOME"] = home
            run = start(catalog.request("mnist", epochs=3))
            with Progress.open() as store:
                for item in ("setup", "tensors"):
                    store.tick(item, done=True)
                for page in ("setup/this-machine", "tensors/creating", "tensors/view"):
                    store.read(page)
                for page in ("requires-grad", "grad-fn"):
                    store.read(f"autograd/{page}")
                store.remember("place", "autograd/scalar")
            while summary(run).status == "running":
                time.sleep(0.2)
            asyncio.run(take(language, run))


if __name__ == "__main__":
    main()
