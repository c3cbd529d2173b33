"""Opens pages of the course, and pages of a test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.course.plan import load_plan
from ptlearn_tui.tui.screens.lesson import LessonScreen
from ptlearn_tui.tui.widgets.cell import CodeCell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench
    from ptlearn_tui.tui.record import Record
    from ptlearn_tui.tui.widgets.panel import PanelBody

PAGE = """---
id: test
title: A page for tests
minutes: 1
---

Before the cells.

{cells}

After the cells.
"""


async def open_page(bench: Bench, key: str) -> LessonScreen:
    page = load_plan("en").page(key)
    assert page is not None
    bench.app.open_page(page)
    await bench.until(lambda: isinstance(bench.app.screen, LessonScreen) and bench.app.screen.query(CodeCell))
    screen = bench.app.screen
    assert isinstance(screen, LessonScreen)
    skip_questions(screen)
    return screen


def skip_questions(screen: LessonScreen) -> None:
    """As a learner who wants to be asked nothing; cells show at once what they make."""
    for question in screen.questions.values():
        question.state = "skipped"
    screen.text.unveil()


async def open_cells(bench: Bench, folder: Path, *cells: str) -> LessonScreen:
    """A page of one's own, put in the place of a real one."""
    return await open_fences(bench, folder, *(f"```python\n{cell}\n```" for cell in cells))


async def open_fences(bench: Bench, folder: Path, *fences: str) -> LessonScreen:
    """The same, of whole fences."""
    path = folder / "page.md"
    path.write_text(PAGE.format(cells="\n\n".join(fences)), "utf-8")
    entry = load_plan("en").page("autograd/scalar")
    assert entry is not None
    bench.app.push_screen(LessonScreen(load_plan("en"), entry._replace(id="own", path=path)))
    await bench.until(lambda: isinstance(bench.app.screen, LessonScreen) and bench.app.screen.query(CodeCell))
    screen = bench.app.screen
    assert isinstance(screen, LessonScreen)
    return screen


def ended(*records: Record) -> Callable[[], bool]:
    return lambda: all(record.state in ("ran", "failed", "interrupted", "died") for record in records)


def laid(body: PanelBody) -> str:
    """All lines of a panel, in sight or not; none is wider than it."""
    lines = body.lines(body.size.width)
    assert max(line.cell_length for line in lines) <= body.size.width
    return "\n".join(line.plain.rstrip() for line in lines)
