"""Cells that start training runs: the page follows them, and nothing that happens to it touches them."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from ptlearn_tui import events as ev
from ptlearn_tui import home, runs
from ptlearn_tui.course.progress import Progress
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.write import Log
from ptlearn_tui.training import catalog
from ptlearn_tui.training.catalog import RECIPES
from ptlearn_tui.tui.screens.training import TrainingScreen
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.recipe_cell import MOST_OF_FILE, RecipeCell

from .pages import ended, laid, open_cells, open_fences, open_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Bench
    from ptlearn_tui.tui.cell_run import CellRun
    from ptlearn_tui.tui.screens.lesson import LessonScreen

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture(autouse=True)
def no_run_is_left(tmp_path: Path, learner_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the bundled sample is found, and whatever still trains after the test is killed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    yield
    for folder in home.runs_folder().iterdir():
        pid = run_folder.owner(folder)
        if pid:
            os.kill(pid, signal.SIGKILL)


def all_runs() -> list[str]:
    return sorted(folder.name for folder in home.runs_folder().iterdir())


async def open_recipe(bench: Bench, folder: Path, recipe: str) -> LessonScreen:
    """A page with a cell that runs in the kernel, and one that starts the recipe and has the keys."""
    fences = ("```python\na = 1\n```", f'```python run="{recipe}"\n# starts a run\n```')
    screen = await open_fences(bench, folder, *fences)
    screen.cell(1).focus()
    await bench.until(lambda: screen.focused is screen.cell(1))
    return screen


def run_of(screen: LessonScreen) -> CellRun:
    run = screen.session.records[1].run
    assert run is not None
    return run


def training(screen: LessonScreen) -> Callable[[], bool]:
    """Whether its run lives and has made a step that the page has heard of."""
    return lambda: (run := screen.session.records[1].run) is not None and run.status == "running" and run.view.step > 0


async def test_enter_starts_a_run_that_cell_and_plot_follow_to_its_end(
    dashboard: Callable[..., Any], tmp_path: Path
) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_recipe(bench, tmp_path, "notes")
        await bench.until("enter starts it")
        await bench.press("enter")
        await bench.until("the run is starting")
        await bench.until(lambda: run_of(screen).status == "finished")
        (name,) = all_runs()
        view = run_of(screen).view
        assert (view.step, len(view.loss)) == (5, 5)
        assert view.end is not None, "the last events come before the status"
        await bench.until("finished")
        await bench.until(name)
        assert screen.side.panel(4).has_class("-open"), "opened by itself"
        await bench.until("epoch 5 of 5")
        assert screen.session.running is None
        assert screen.session.kernel is None, "the kernel has nothing to do with it"
        await bench.until(lambda: bench.app.progress.setting(f"run {screen.key} 1") == name)


async def test_a_run_outlives_the_dashboard_and_is_found_again(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_recipe(bench, tmp_path, "mnist")
        await bench.press("enter")
        await bench.until(training(screen))
        await bench.until("live · epoch 1 of 5")
        (name,) = all_runs()
        pid = runs.summary(home.runs_folder() / name).pid
        assert pid
        assert os.getsid(pid) != os.getsid(0), "a session of its own: a lost terminal does not reach it"
    assert runs.summary(home.runs_folder() / name).status == "running"
    async with dashboard() as bench:
        screen = await open_recipe(bench, tmp_path, "mnist")
        await bench.until(training(screen))
        await bench.until(f"{name}   a sample of MNIST")
        runs.stop(home.runs_folder() / name)
        await bench.until("stopped at step")
        assert run_of(screen).status == "stopped"
    assert all_runs() == [name]


async def test_nothing_in_the_lesson_stops_a_run_or_starts_a_second_one(
    dashboard: Callable[..., Any], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        screen = await open_recipe(bench, tmp_path, "mnist")
        await bench.press("enter")
        await bench.until(training(screen))
        (name,) = all_runs()
        await bench.press("ctrl+c")
        await bench.until("the run goes on; enter on its cell opens it")
        await bench.press("r")
        await bench.until(f"{name} is running already: enter opens it")
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, TrainingScreen))
        assert bench.app.screen.run_id == name
        await bench.press("q")
        await bench.until(lambda: bench.app.screen is screen)
        screen.side.panel(4).focus()
        await bench.until("enter open the run")
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, TrainingScreen))
        await bench.press("q", "q")
        assert all_runs() == [name]
        assert runs.summary(home.runs_folder() / name).status == "running"


async def test_a_live_run_of_the_recipe_from_elsewhere_is_joined(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_recipe(bench, tmp_path, "mnist")
        other = runs.start(catalog.request("mnist", device="cpu"))
        await bench.press("enter")
        await bench.until(f"{other.name} is running already: it is shown here")
        await bench.until(training(screen))
        assert all_runs() == [other.name]


async def test_after_the_end_enter_starts_another(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_recipe(bench, tmp_path, "notes")
        await bench.press("enter")
        await bench.until(lambda: run_of(screen).status == "finished")
        first = run_of(screen)
        await bench.until("enter start another")
        await bench.press("enter")
        await bench.until(lambda: run_of(screen) is not first and run_of(screen).status == "finished")
        assert len(all_runs()) == 2


async def test_data_that_is_missing_is_one_line_below_the_cell_that_says_what_to_do(
    dashboard: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    async with dashboard(data=str(tmp_path / "empty")) as bench:
        screen = await open_recipe(bench, tmp_path, "mnist")
        await bench.press("enter")
        await bench.until("not started")
        await bench.until("get MNIST with: ptlearn-tui")
        assert run_of(screen).why.endswith(" data get mnist")
        assert "\n" not in run_of(screen).why
        assert all_runs() == []
        assert not screen.side.display, "no plot of nothing"
        await bench.until("enter start the run")


async def test_a_recipe_that_does_not_exist_is_named_below_the_cell(
    dashboard: Callable[..., Any], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        await open_recipe(bench, tmp_path, "nonesuch")
        await bench.until("# starts a run")
        await bench.press("enter")
        await bench.until("no recipe is called nonesuch")


# ---- what a run has become since ---------------------------------------------------------------------------------


def a_past_run(end: ev.End | None) -> str:
    """A run of which a process has held the lock; its id."""
    request = run_folder.Request(recipe="notes", config={"epochs": 5}, seed=0, device="cpu", data=None)
    folder = run_folder.create(request)
    (folder / "lock").touch()
    log = Log(folder)
    begun = ev.Run(time=0.0, id=folder.name, recipe="notes", config={}, seed=0, device="cpu", versions={}, data={})
    log.write(begun, ev.Metric(time=1.0, name="loss", step=3, value=1.5))
    log.close() if end is None else log.last_word(end)
    return folder.name


def remember(key: str, run: str) -> None:
    with Progress.open() as store:
        store.remember(f"run {key}", run)


@pytest.mark.parametrize(
    ("end", "state", "word"),
    [
        (ev.End(time=2.0, status="failed", seconds=2.0, message="out of memory; a smaller batch"), "failed", "smaller"),
        (ev.End(time=2.0, status="stopped", seconds=2.0), "stopped at step 3", "made-up data"),
        (ev.End(time=2.0, status="finished", seconds=2.0), "finished", "made-up data"),
        (None, "lost: its process is gone", "log.txt"),
    ],
)
async def test_the_run_of_last_time_stands_at_its_cell(
    dashboard: Callable[..., Any], tmp_path: Path, end: ev.End | None, state: str, word: str
) -> None:
    name = a_past_run(end)
    async with dashboard() as bench:
        remember("autograd/own 1", name)
        screen = await open_recipe(bench, tmp_path, "notes")
        assert screen.key == "autograd/own"
        await bench.until(state)
        await bench.until(lambda: name in bench.text and word in "".join(line[5:] for line in bench.lines))
        assert not screen.side.display, "no panel opens unless something was started"
        await bench.press("4")
        await bench.until("Loss log")
        cell = screen.session.records[0]
        screen.cell(0).focus()
        await bench.press("enter")
        await bench.until(ended(cell))
        assert cell.number == 1, "a run is no In of the kernel's"


async def test_a_run_that_ended_elsewhere_is_nobodys(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    a_past_run(ev.End(time=2.0, status="finished", seconds=2.0))
    async with dashboard() as bench:
        screen = await open_recipe(bench, tmp_path, "notes")
        await bench.app.workers.wait_for_complete([worker for worker in bench.app.workers if worker.group == "find"])
        await bench.pilot.pause()
        assert screen.session.records[1].run is None
        await bench.until("enter starts it")


async def test_a_run_that_was_removed_is_said_not_opened(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    name = a_past_run(ev.End(time=2.0, status="finished", seconds=2.0))
    async with dashboard() as bench:
        remember("autograd/own 1", name)
        screen = await open_recipe(bench, tmp_path, "notes")
        await bench.until(name)
        shutil.rmtree(home.runs_folder() / name)
        await bench.press("4")
        screen.side.panel(4).focus()
        await bench.press("enter")
        await bench.until(f"no run is called {name}")
        assert bench.app.screen is screen


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40)])
async def test_the_plot_of_a_run_fits_its_panel(
    dashboard: Callable[..., Any], size: tuple[int, int], language: str
) -> None:
    shutil.copytree(RECORDED / "mnist", home.runs_folder() / "mnist-1123")
    remember("projects/mnist-25-lines 5", "mnist-1123")
    async with dashboard(*size, language=language) as bench:
        screen = await open_page(bench, "projects/mnist-25-lines")
        await bench.until(lambda: screen.session.records[5].run is not None)
        await bench.until(lambda: run_of_page(screen).view.end is not None)
        await bench.press("4")
        body = screen.side.panel(4).body
        await bench.until(lambda: body.record is screen.session.records[5])
        lines = laid(body).split("\n")
        assert len(lines) <= body.parent.size.height
        assert "100 %" in lines[0]
        assert "0.100" in lines[1], "the newest loss"
        assert "0.096" in lines[1], "the newest score on the test set"
        assert any("o" in line for line in lines[2:])
        cell = screen.cell(5)
        assert max(map(cell_len, str(cell.render()).split("\n"))) <= cell.size.width


def run_of_page(screen: LessonScreen) -> CellRun:
    run = screen.session.records[5].run
    assert run is not None
    return run


# ---- the recipe's own file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_cells_text_is_the_recipes_own_file(dashboard: Callable[..., Any], language: str) -> None:
    whole = RECIPES["mnist"].source.read_text("utf-8").rstrip("\n")
    async with dashboard(language=language) as bench:
        screen = await open_page(bench, "projects/mnist-25-lines")
        cell = screen.cell(5)
        assert isinstance(cell, RecipeCell)
        cell.focus()
        first, *_, last = whole.split("\n")
        await bench.until(first)
        left_out = whole.count("\n") + 1 - MOST_OF_FILE
        assert f" {left_out} " in str(cell.render())
        assert last.strip() not in str(cell.render())
        await bench.press("f")
        await bench.until(lambda: cell.size.height > whole.count("\n"))
        await bench.until("f fold" if language == "en" else "f 收起")
        assert last.strip() in str(cell.render())
        await bench.press("f")
        await bench.until(lambda: cell.size.height < 20)
        await bench.press("y")
        await bench.until(lambda: bench.app.clipboard == whole)
        await bench.press("L")
        await bench.until(lambda: cell.source == whole)
        await bench.press("e", "t")
        await bench.pilot.pause()
        assert screen.session.running is None
        assert cell.display, "no editor stands in its place"


async def test_an_authors_own_code_in_such_a_cell_stands(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_fences(bench, tmp_path, '```python run="mnist"\nepochs = 2\n```')
        assert screen.cell(0).source == "epochs = 2"
        await bench.until("epochs = 2")


async def test_enter_on_a_plot_of_the_kernels_opens_nothing(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_cells(bench, tmp_path, "a = 1")
        await bench.press("4")
        screen.side.panel(4).focus()
        await bench.until(lambda: isinstance(screen.focused, Panel))
        await bench.press("enter")
        await bench.pilot.pause()
        assert bench.app.screen is screen
