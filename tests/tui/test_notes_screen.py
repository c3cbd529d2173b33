"""Somebody's notes on the screen: their plan, their pages, one kernel; and the file that changes meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.course.notes.load import load
from ptlearn_tui.tui.opened import OpenedNotes
from ptlearn_tui.tui.screens.consent import Consent
from ptlearn_tui.tui.screens.notes import NotesScreen
from ptlearn_tui.tui.screens.notes_lesson import NotesLessonScreen
from ptlearn_tui.tui.screens.plan import PlanScreen
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.notes_list import NotesList, TaskRow
from ptlearn_tui.tui.widgets.remark import RemarkEditor

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

NOTES = Path(__file__).parents[1] / "course" / "notes" / "pytorch-notes.md"
PLAN = (
    "安装与环境配置",
    "Tensor 基础",
    "Autograd 自动求导",
    "神经网络构建",
    "模型训练与优化",
    "数据加载与预处理",
    "项目实战（MNIST / CIFAR-10）",
)
SMALL = """# Small

- [ ] one
- [ ] two

## First

```python
a = 1
```

Between.

```python
b = a + 1
```

## Second

```python
c = b + 1
```
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "pytorch-notes.md"
    path.write_bytes(NOTES.read_bytes())
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.md"
    path.write_text(SMALL, "utf-8")
    return path


def opened(path: Path, **options: bool) -> dict[str, OpenedNotes]:
    return {"opened": OpenedNotes(path, notes=load(path, prelude=options.get("prelude", True)), **options)}


async def page(bench: Bench, title: str) -> NotesLessonScreen:
    """Opens a page from the list."""
    await bench.until("Pages")
    screen = bench.app.screen
    assert isinstance(screen, NotesScreen)
    assert bench.app.notes is not None
    entry = next(each for each in bench.app.notes.pages if each.title == title)
    bench.app.open_page(entry)
    await bench.until(lambda: isinstance(bench.app.screen, NotesLessonScreen) and bench.app.screen.query("PageText"))
    lesson = bench.app.screen
    assert isinstance(lesson, NotesLessonScreen)
    await bench.until(lambda: lesson.entry.title == title)
    return lesson


async def agree(bench: Bench) -> None:
    await bench.until(lambda: isinstance(bench.app.screen, Consent))
    await bench.press("y")


async def run_all(bench: Bench, title: str, *cells: int) -> NotesLessonScreen:
    """A page is opened, and every cell of its file has run."""
    lesson = await page(bench, title)
    await bench.press("a")
    await agree(bench)
    await bench.until(ran(lesson, *cells))
    return lesson


def ran(lesson: NotesLessonScreen, *cells: int) -> Callable[[], bool]:
    return lambda: all(lesson.session.records[index].state in ("ran", "failed") for index in cells)


async def test_the_notes_open_with_their_plan_and_their_pages(dashboard: Callable[..., object], notes: Path) -> None:
    async with dashboard(80, 24, language="zh", **opened(notes)) as bench:
        await bench.until("已完成 0/7")
        lines = bench.lines
        at = next(number for number, line in enumerate(lines) if PLAN[0] in line)
        for line, title in zip(lines[at : at + 7], PLAN, strict=True):
            assert line.startswith(f"   [ ] {title}")
            assert line.endswith(f"课程 › {title}")
        assert any(line.startswith("   相关函数") for line in lines)
        assert any("4  Tensor 创建方式" in line for line in lines)


async def test_a_tick_is_in_the_file_before_it_is_on_the_screen(dashboard: Callable[..., object], notes: Path) -> None:
    before = notes.read_bytes()
    async with dashboard(**opened(notes)) as bench:
        await bench.until("0 of 7 done")
        await bench.press("down", "down", "down", "space")
        await bench.until("[x] Autograd")
        assert notes.read_bytes() == before.replace(b"- [ ] Autograd", b"- [x] Autograd")
        await bench.press("space")
        await bench.until("0 of 7 done")
        assert notes.read_bytes() == before


async def test_a_box_leads_to_the_course_and_q_comes_back(dashboard: Callable[..., object], notes: Path) -> None:
    async with dashboard(**opened(notes)) as bench:
        await bench.until("0 of 7 done")
        await bench.press("down", "down", "enter")
        await bench.until("Tensor basics › 1")
        await bench.press("q")
        await bench.until("0 of 7 done")
        await bench.press("end", "enter")
        await bench.until(lambda: isinstance(bench.app.screen, PlanScreen))
        await bench.press("q")
        await bench.until(lambda: isinstance(bench.app.screen, NotesScreen))


async def test_nothing_runs_before_it_is_agreed_to_and_it_is_asked_once(
    dashboard: Callable[..., object], small: Path
) -> None:
    async with dashboard(**opened(small)) as bench:
        lesson = await page(bench, "First")
        await bench.press("r")
        await bench.until("Run code of small.md?")
        assert "a = 1" in bench.text
        assert "import torch.optim as optim" in bench.text
        await bench.press("escape")
        await bench.until(lambda: bench.app.screen is lesson)
        assert lesson.session.kernel is None
        await bench.press("r")
        await agree(bench)
        await bench.until(ran(lesson, -1, 0))
        await bench.press("enter")
        await bench.until(lambda: bench.app.focused is lesson.cell(1))
        await bench.press("r")
        await bench.until(ran(lesson, 1))
    async with dashboard(**opened(small)) as bench:
        lesson = await page(bench, "First")
        await bench.press("r")
        await bench.until(ran(lesson, 0))


async def test_every_line_of_the_first_cell_shows_its_shape(dashboard: Callable[..., object], notes: Path) -> None:
    async with dashboard(80, 40, **opened(notes)) as bench:
        lesson = await page(bench, "Tensor 创建方式")
        await bench.press("r")
        await agree(bench)
        await bench.until(ran(lesson, 0))
        shown = {line.split("  ")[0]: line for line in bench.lines}
        assert shown
        for line in ("x = torch.empty(5, 3)", "x = torch.rand(5, 3)", "x = torch.randn_like(x, dtype=torch.float)"):
            row = next(each for each in bench.lines if line in each)
            assert "(5, 3)" in row.replace(line, "")
        assert "(2,)" in next(each for each in bench.lines if "torch.tensor([5.5, 3])" in each)
        assert "In 0   prelude" in bench.text


async def test_formulas_of_the_notes_are_drawn_in_two_dimensions(dashboard: Callable[..., object], notes: Path) -> None:
    async with dashboard(80, 40, **opened(notes)) as bench:
        await page(bench, "Jacobian Matrix")
        await bench.until("2x₁")
        rows = bench.lines
        top = next(at for at, line in enumerate(rows) if "∂y" in line.replace(" ", "") and "∂x" not in line)
        assert any("∂" in line and "x" in line for line in rows[top + 1 : top + 4])
        assert "\\frac" not in bench.text
        assert "\\begin" not in bench.text


async def test_all_cells_run_with_one_kernel_and_the_loop_draws_itself(
    dashboard: Callable[..., object], notes: Path
) -> None:
    async with dashboard(120, 40, **opened(notes)) as bench:
        lesson = await run_all(bench, "最小神经网络搭建", -1, 0, 1, 2, 3)
        assert [record.state for record in lesson.session.records.values()] == ["ran"] * 5
        printed = [text for _, text in lesson.session.records[3].output.lines]
        assert [line.split(",")[0] for line in printed] == [f"Epoch {number}" for number in range(1, 6)]
        (series,) = lesson.session.records[3].series.values()
        assert len(series) == 5
        out = lesson.session.records[2].graphs["out"]
        names = [(node.name, node.variable) for node in out.nodes]
        assert [name for name, _ in names] == [
            *("MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0"),
            "AccumulateGrad",
        ]
        assert names[-1][1] == "x"


async def test_n_turns_the_page_and_the_kernel_stays(dashboard: Callable[..., object], small: Path) -> None:
    async with dashboard(**opened(small)) as bench:
        lesson = await run_all(bench, "First", 0, 1, 2)
        kernel = lesson.session.kernel
        await bench.press("n")
        await bench.until("c = b + 1")
        assert bench.app.screen is lesson
        assert "3" in next(line for line in bench.lines if "c = b + 1" in line)  # it ran from the other page
        await bench.press("p")
        await bench.until("Between.")
        assert lesson.session.kernel is kernel
        assert "ran in" in bench.text


async def test_without_a_prelude_the_notes_fail_at_their_first_line(
    dashboard: Callable[..., object], notes: Path
) -> None:
    async with dashboard(**opened(notes, prelude=False)) as bench:
        lesson = await page(bench, "张量改变维度")
        await bench.press("r")
        await agree(bench)
        await bench.until("NameError")
        assert -1 not in lesson.session.records


async def test_a_change_on_disk_is_followed_and_unchanged_cells_keep_what_they_made(
    dashboard: Callable[..., object], small: Path
) -> None:
    async with dashboard(**opened(small)) as bench:
        lesson = await run_all(bench, "First", 0, 1, 2)
        kernel = lesson.session.kernel
        text = SMALL.replace("## First\n", "## First\n\nNew words.\n\n```python\nnew = 0\n```\n").replace(
            "a + 1", "a + 41"
        )
        beside = small.with_suffix(".new")
        beside.write_text(text, "utf-8")
        beside.replace(small)
        await bench.until("New words.")
        states = {
            lesson.session.cells[index].source: lesson.session.records[index].state for index in lesson.session.order
        }
        assert states["a = 1"] == "ran"
        assert states["c = b + 1"] == "ran"
        assert states["new = 0"] == "new"
        assert states["b = a + 41"] == "new"
        assert lesson.session.kernel is kernel
        await bench.press("a")
        await bench.until("42")
        await bench.until(lambda: lesson.session.running is None)
        await bench.press("n")
        await bench.until("43")


async def test_what_is_being_written_is_not_disturbed_by_the_disk(
    dashboard: Callable[..., object], small: Path
) -> None:
    async with dashboard(**opened(small)) as bench:
        lesson = await page(bench, "First")
        await bench.press("o")
        await bench.until(lambda: isinstance(bench.app.focused, RemarkEditor))
        await bench.press("k")
        small.write_text(SMALL.replace("Between.", "Changed."), "utf-8")
        assert bench.app.notes is not None
        before = bench.app.notes
        await bench.until(lambda: bench.app.notes is not before)
        assert isinstance(bench.app.focused, RemarkEditor)
        await bench.press("m", "escape")
        await bench.until("your remark")
        assert bench.app.progress.remark(lesson.entry.key) == "km"
        assert "km" in bench.text
        await bench.until("Changed.")


async def test_an_edit_follows_its_cell_when_the_file_grows_above_it(
    dashboard: Callable[..., object], small: Path
) -> None:
    async with dashboard(**opened(small)) as bench:
        lesson = await page(bench, "Second")
        await bench.press("e")
        await bench.until(lambda: bench.app.focused is not None and not isinstance(bench.app.focused, CodeCell))
        await bench.press("end", *"00", "escape")
        await bench.until("c = b + 100")
        assert lesson.session.edits
    small.write_text(SMALL.replace("## First\n", "## First\n\n```python\nfirst = 0\n```\n"), "utf-8")
    async with dashboard(**opened(small)) as bench:
        await page(bench, "Second")
        await bench.until("c = b + 100")
        assert "edited" in bench.text


async def test_a_file_that_is_read_only_keeps_its_ticks_here(dashboard: Callable[..., object], small: Path) -> None:
    before = small.read_bytes()
    async with dashboard(**opened(small, read_only=True)) as bench:
        await bench.until("read only: ticks are kept here")
        await bench.press("down", "space")
        await bench.until("1 of 2 done")
        assert small.read_bytes() == before
    async with dashboard(**opened(small, read_only=True)) as bench:
        await bench.until("1 of 2 done")


async def test_a_tick_elsewhere_is_seen(dashboard: Callable[..., object], small: Path) -> None:
    async with dashboard(**opened(small)) as bench:
        await bench.until("0 of 2 done")
        small.write_text(SMALL.replace("[ ] two", "[x] two"), "utf-8")
        await bench.until("[x] two")
        rows = [row for row in bench.app.screen.query_one(NotesList).rows if isinstance(row, TaskRow)]
        assert [row.done for row in rows] == [False, True]


async def test_a_file_that_goes_away_is_told_and_stays_as_it_was(dashboard: Callable[..., object], small: Path) -> None:
    async with dashboard(**opened(small)) as bench:
        await bench.until("0 of 2 done")
        small.unlink()
        await bench.until("No such file")
        assert "[ ] two" in bench.text


async def test_text_of_a_file_is_never_markup_nor_a_control(dashboard: Callable[..., object], tmp_path: Path) -> None:
    path = tmp_path / "evil[red].md"
    path.write_text(
        "# T\x1b[2Jitle [red]x[/]\n\n- [ ] ta\x9bsk [/b]\n\n## \u202eEvil\n\nword \x1b]0;x\x07 [bold]\n\n"
        "[text](https://example.org) ![p](https://example.org/a.png)\n\n```python\nx = '\x1b[31m[/]'\n```\n",
        "utf-8",
    )
    async with dashboard(**opened(path)) as bench:
        await bench.until("[red]x[/]")
        await bench.until("sk [/b]")
        assert bench.app.notes is not None
        for entry in bench.app.notes.pages:
            bench.app.open_page(entry)
            await bench.until(lambda: isinstance(bench.app.screen, NotesLessonScreen))
            await bench.pilot.pause()
            assert not set(bench.text) & set(map(chr, (0x1B, 0x9B, 0x07, 0x202E)))
            bench.app.pop_screen()
        assert not set(bench.text) & set(map(chr, (0x1B, 0x9B, 0x07, 0x202E)))


async def test_the_first_pages_of_a_large_file_are_there_before_the_rest_is_read(
    dashboard: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.md"
    path.write_text("".join(f"## Topic {n}\n\n- [ ] task {n}\n\n{'words ' * 40}\n\n" for n in range(1000)), "utf-8")
    rest = threading.Event()

    def late(*args: object, **options: object) -> object:
        assert rest.wait(60)
        return load(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("ptlearn_tui.tui.screens.notes.load", late)
    async with dashboard(opened=OpenedNotes(path)) as bench:
        await bench.until(lambda: bench.app.notes is not None)
        listing = bench.app.screen.query_one(NotesList)
        await bench.until(lambda: "reading the rest" in listing.remarks)
        first = bench.app.notes.pages
        assert 100 < len(first) < 1000
        await bench.press("down", "space")  # they are no picture: a tick goes into the file
        await bench.until(lambda: b"- [x] task 0" in path.read_bytes())
        rest.set()
        await bench.until(lambda: len(bench.app.notes.pages) == 1000)
        await bench.until(lambda: listing.remarks == ())
        assert [page.key for page in bench.app.notes.pages[: len(first)]] == [page.key for page in first]
        assert isinstance(listing.current, TaskRow)
        assert listing.current.entry.task.title == "task 0"
        assert listing.current.done


async def test_an_empty_file_says_so(dashboard: Callable[..., object], tmp_path: Path) -> None:
    path = tmp_path / "empty.md"
    path.touch()
    async with dashboard(**opened(path)) as bench:
        await bench.until("nothing is written here yet")
        await bench.press("enter", "space", "E", "down")


async def test_the_editor_opens_at_the_line_and_what_it_wrote_is_shown(
    dashboard: Callable[..., object], small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def edit(words: list[str]) -> None:
        asked.append(words)
        small.write_text(SMALL.replace("Between.", "From the editor."), "utf-8")

    monkeypatch.setattr("ptlearn_tui.tui.external_editor.edit", edit)
    monkeypatch.setattr("ptlearn_tui.tui.app.Dashboard.suspend", lambda self: __import__("contextlib").nullcontext())
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", "cat -n")
    async with dashboard(**opened(small)) as bench:
        await page(bench, "First")
        await bench.press("tab", "E")
        await bench.until("From the editor.")
        assert asked == [["cat", "-n", "+15", str(small)]]
