"""Cells are edited in place; what was written is kept, marked, and can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.course.plan import load_plan
from ptlearn_tui.tui.screens.lesson import LessonScreen
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.widgets.editor import Editor

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench


async def open_scalar(bench: Bench) -> LessonScreen:
    page = load_plan("en").page("autograd/scalar")
    assert page is not None
    bench.app.open_page(page)
    await bench.until(lambda: isinstance(bench.app.screen, LessonScreen) and bench.app.screen.focused is not None)
    screen = bench.app.screen
    assert isinstance(screen, LessonScreen)
    return screen


async def edit_first(bench: Bench, screen: LessonScreen, text: str) -> None:
    await bench.press("e")
    await bench.until(lambda: isinstance(screen.focused, Editor))
    editor = screen.focused
    assert isinstance(editor, Editor)
    editor.text = text


async def test_ctrl_r_runs_what_was_written(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_scalar(bench)
        await edit_first(bench, screen, "answer = 6 * 7\nanswer")
        await bench.press("ctrl+r")
        await bench.until(lambda: screen.session.records[0].state == "ran")
        assert screen.session.records[0].output.lines == [("value", "42")]
        assert screen.focused is screen.cell(0)
        await bench.until("edited")


async def test_an_edit_is_there_again_the_next_time_in_both_languages(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_scalar(bench)
        await edit_first(bench, screen, "# mine\nimport torch")
        await bench.press("escape")
        await bench.until(lambda: bench.app.progress.edits("autograd/scalar") == {0: "# mine\nimport torch"})
    async with dashboard(language="zh") as bench:
        await open_scalar(bench)
        await bench.until("# mine")


async def test_u_asks_and_brings_the_authors_text_back(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_scalar(bench)
        await edit_first(bench, screen, "nonsense")
        await bench.press("escape")
        await bench.until(lambda: screen.focused is screen.cell(0))
        await bench.press("u")
        await bench.until(lambda: isinstance(bench.app.screen, Question))
        await bench.press("y")
        await bench.until(lambda: not bench.app.progress.edits("autograd/scalar"))
        await bench.until(lambda: "import torch" in bench.text and "nonsense" not in bench.text)


async def test_a_text_equal_to_the_authors_is_no_edit(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_scalar(bench)
        await edit_first(bench, screen, screen.session.cells[0].source + "\n")
        await bench.press("escape")
        await bench.until(lambda: screen.focused is screen.cell(0))
        assert bench.app.progress.edits("autograd/scalar") == {}
        assert "edited" not in bench.text


async def test_enter_goes_on_with_the_indentation(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_scalar(bench)
        await edit_first(bench, screen, "")
        await bench.press(*"for", "space", *"i", "colon", "enter", "x", "enter", "y", "enter", "backspace", "z")
        editor = screen.focused
        assert isinstance(editor, Editor)
        assert editor.text == "for i:\n    x\n    y\nz"


async def test_letters_in_the_editor_are_text_and_ctrl_c_copies(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_scalar(bench)
        await edit_first(bench, screen, "")
        await bench.press("q", "L", "n", "3", "question_mark", "你")
        editor = screen.focused
        assert isinstance(editor, Editor)
        assert editor.text == "qLn3?你"
        editor.select_all()
        await bench.press("ctrl+c")
        await bench.until(lambda: bench.app.clipboard == "qLn3?你")


async def test_tab_completes_from_the_live_kernel(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_scalar(bench)
        await edit_first(bench, screen, "import torch\nweights = torch.ones(2)")
        await bench.press("ctrl+r")
        await bench.until(lambda: screen.session.records[0].state == "ran")
        await edit_first(bench, screen, "")
        editor = screen.focused
        assert isinstance(editor, Editor)
        await bench.press(*"weig", "tab")
        await bench.until(lambda: editor.text == "weights")
        await bench.press("full_stop", *"requires_grad", "tab")  # requires_grad and requires_grad_
        await bench.until(lambda: editor.names == ["requires_grad", "requires_grad_"])
        await bench.until("requires_grad  requires_grad_")
        await bench.press("enter", "tab")
        await bench.until(lambda: editor.text == "weights.requires_grad\n    ")
        assert editor.names == []
