"""A notebook's habits: cells of one's own, what was changed, everything in full, a fresh kernel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ptlearn_tui.home import output_folder
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.editor import Editor

from .pages import ended, open_cells, open_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench
    from ptlearn_tui.tui.screens.lesson import LessonScreen


async def write(bench: Bench, screen: LessonScreen, text: str) -> None:
    """Into the editor that is opening."""
    await bench.until(lambda: isinstance(screen.focused, Editor))
    editor = screen.focused
    assert isinstance(editor, Editor)
    editor.text = text


def order(screen: LessonScreen) -> list[str]:
    """The cells from the top, by their texts."""
    return [cell.source for cell in screen.query(CodeCell)]


# ---- cells of one's own --------------------------------------------------------------------------------------


async def test_a_cell_that_is_added_runs_in_its_place_and_is_there_the_next_time(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "a = 1", "b = a + 1")
        await bench.press("plus")
        await write(bench, screen, "a = 40")
        await bench.press("ctrl+r")
        await bench.until(ended(screen.session.records[2]))
        assert order(screen) == ["a = 1", "a = 40", "b = a + 1"]
        await bench.until("yours")
        await bench.press("a")
        await bench.until(ended(*screen.session.records.values()))
        assert screen.session.records[1].lines[1].text == "41"
        assert not any(record.stale for record in screen.session.records.values())
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "a = 1", "b = a + 1")
        await bench.until(lambda: order(screen) == ["a = 1", "a = 40", "b = a + 1"])


async def test_enter_goes_on_through_added_cells(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "1", "2")
        await bench.press("plus")
        await write(bench, screen, "3")
        await bench.press("escape")
        await bench.until(lambda: screen.focused is screen.cell(2))
        await bench.press("shift+tab", "enter", "enter", "enter")
        await bench.until(ended(*screen.session.records.values()))
        numbers = [screen.session.records[index].number for index in (0, 2, 1)]
        assert numbers == [1, 2, 3]


async def test_between_two_cells_of_ones_own_there_is_room(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "'author'")
        for text in ("'last'", "'first'"):
            screen.cell(0).focus()
            await bench.press("plus")
            await write(bench, screen, text)
            await bench.press("escape")
            await bench.until(lambda: not screen.query(Editor))
        await bench.press("plus")  # below 'first', which has the keys
        await write(bench, screen, "'middle'")
        await bench.press("escape")
        await bench.until(lambda: order(screen) == ["'author'", "'first'", "'middle'", "'last'"])


async def test_an_added_cell_that_stays_empty_is_none_and_u_removes_one(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "1")
        await bench.press("plus")
        await bench.until(lambda: isinstance(screen.focused, Editor))
        await bench.press("escape")
        await bench.until(lambda: screen.focused is screen.cell(0) and order(screen) == ["1"])
        await bench.press("plus")
        await write(bench, screen, "2")
        await bench.press("escape")
        await bench.until(lambda: len(bench.app.progress.scratch("autograd/own")) == 1)
        await bench.press("u")
        await bench.until(lambda: isinstance(bench.app.screen, Question))
        await bench.press("y")
        await bench.until(lambda: order(screen) == ["1"] and not bench.app.progress.scratch("autograd/own"))
        assert screen.focused is screen.cell(0)


async def test_the_other_language_leaves_added_cells_where_they_are(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_page(bench, "autograd/scalar")
        await bench.press("plus")
        await write(bench, screen, "mine = 1")
        await bench.press("escape")
        await bench.until(lambda: order(screen)[1] == "mine = 1")
        authors = [source for source in order(screen) if source != "mine = 1"]
        await bench.press("L")
        await bench.until("自己加的")
        assert order(screen)[1] == "mine = 1"
        assert len(order(screen)) == len(authors) + 1


async def test_what_is_being_written_is_on_disk_before_the_editor_is_left(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_page(bench, "autograd/scalar")
        await bench.press("e")
        await write(bench, screen, "half a thought")
        await bench.until(lambda: bench.app.progress.edits("autograd/scalar") == {0: "half a thought"})
        assert isinstance(screen.focused, Editor)


# ---- what was changed ----------------------------------------------------------------------------------------


async def test_v_shows_what_was_changed_and_again_the_code(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "a = 1\nb = 2\nc = 3")
        await bench.press("v")
        await bench.until("nothing is changed")
        await bench.press("e")
        await write(bench, screen, "a = 1\nb = 20\nc = 3")
        await bench.press("escape")
        await bench.until("v what changed")
        await bench.press("v")
        await bench.until("what you have changed")
        shown = [line[3:].rstrip() for line in bench.lines if line.startswith("▌")][1:]
        assert shown == ["   a = 1", "-  b = 2", "+  b = 20", "   c = 3"]
        await bench.press("v")
        await bench.until("2  b = 20")


# ---- in full -------------------------------------------------------------------------------------------------


async def test_f_shows_a_line_in_full(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        text = "a sentence that is far too long for any column"
        screen = await open_cells(bench, tmp_path, f"s = {text!r}\nfor i in range(3): n = i / 3")
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        await bench.until("that is far…")
        await bench.press("f")
        await bench.until(f"s  '{text}'")
        await bench.until("ran 3 times")
        await bench.press("f")
        await bench.until("that is far…")


async def test_f_opens_a_librarys_frames(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_cells(bench, tmp_path, "import json\njson.loads('{')")
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        await bench.until("f opens them")
        assert "decoder.py" not in bench.text.replace("(decoder.py:", "")
        await bench.press("f")
        await bench.until('File "python/json/decoder.py"')
        await bench.press("1", "tab", "f")  # the same key where the output is shown
        await bench.until("f opens them")


# ---- output --------------------------------------------------------------------------------------------------


async def test_what_the_panel_leaves_out_is_in_the_file_that_it_names(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_cells(bench, tmp_path, "for n in range(20_000): print(n)")
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        await bench.press("1", "tab")
        await bench.until(lambda: screen.side.panel(1).has_focus)
        screen.side.panel(1).scroll_home(animate=False)
        await bench.until("15 000 earlier lines left out")
        path = output_folder() / "autograd-own-1.txt"
        await bench.until(lambda: "all of it:" in bench.text and "own-1.txt" in bench.text)
        assert path.read_text() == "".join(f"{n}\n" for n in range(20_000))


async def test_what_a_thread_prints_after_the_cell_is_shown(dashboard: Callable[..., object], tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    source = f"import threading\nthreading.Thread(target=lambda: print(open({str(gate)!r}).read())).start()"
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, source, "1")
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        gate.write_text("late words")
        await bench.until("late words")
        assert screen.session.records[0].output.lines == [("out", "late words")]


# ---- a fresh kernel ------------------------------------------------------------------------------------------


async def test_R_starts_a_fresh_kernel_and_runs_all_above(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "a = [1]", "a.append(2)", "a")
        await bench.press("a")
        await bench.until(ended(*screen.session.records.values()))
        await bench.press("tab", "tab")
        await bench.press("R")
        await bench.until(lambda: isinstance(bench.app.screen, Question))
        await bench.press("y")
        await bench.until(lambda: [record.number for record in screen.session.records.values()] == [4, 5, 3])
        await bench.until(ended(screen.session.records[0], screen.session.records[1]))
        assert screen.session.records[2].stale
        await bench.press("enter")
        await bench.until(lambda: screen.session.records[2].number == 6 and ended(screen.session.records[2])())
        assert screen.session.records[2].output.lines == [("value", "[1, 2]")]


async def test_R_while_a_cell_runs_ends_it_first(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "print('above')", "while True: pass")
        await bench.press("tab", "r")
        await bench.until("kernel busy")
        await bench.until(lambda: screen.session.kernel is not None)
        await bench.press("R")
        await bench.until(lambda: isinstance(bench.app.screen, Question))
        await bench.press("y")
        await bench.until(ended(screen.session.records[0]))
        assert screen.session.records[1].state == "died"
        assert screen.session.records[0].state == "ran"


async def test_every_hint_of_the_footer_is_a_button(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "1", "2")
        for word in ("edit", "leave, edits are kept", "run, go on"):
            await bench.until(word)
            assert await bench.pilot.click(screen.footer, offset=(bench.lines[-1].index(word), 0))
        await bench.until(ended(screen.session.records[0]))
        assert screen.focused is screen.cell(1)


async def test_what_a_cell_at_the_foot_of_the_screen_prints_comes_into_sight(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "\n".join(f"x{n} = {n}" for n in range(16)), "print('seen', 6 * 7)")
        screen.cell(1).focus(scroll_visible=False)
        screen.text.scroll_to(y=screen.cell(1).virtual_region.bottom - screen.text.size.height, animate=False)
        await bench.press("r")
        await bench.until("seen 42")
