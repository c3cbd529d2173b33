"""Pictures of the screens that a user meets first, at 80×24 and 120×40, in both languages.

What a cell and a run made is recorded from real ones (`recorded/`). `pytest --snapshot-update` takes them anew.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ptlearn_tui import home, locale
from ptlearn_tui.course.notes.load import load
from ptlearn_tui.course.progress import FILE, Progress
from ptlearn_tui.events import Check, Done, Failing, Shown, decode
from ptlearn_tui.kernel.verdict import Verdict
from ptlearn_tui.tui.app import Dashboard
from ptlearn_tui.tui.opened import OpenedNotes
from ptlearn_tui.tui.screens.exercise import ExerciseScreen
from ptlearn_tui.tui.screens.lesson import LessonScreen
from ptlearn_tui.tui.screens.search import Words
from ptlearn_tui.tui.widgets.place_list import PlaceList

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

RECORDED = Path(__file__).parent / "recorded"
NOTES = Path(__file__).parents[1] / "course" / "notes" / "pytorch-notes.md"
SIZES = [(80, 24), (120, 40)]
LANGUAGES = ["en", "zh"]


class Still(Dashboard):
    """The dashboard on a machine that does not change: torch is loaded, nothing is looked for."""

    def __init__(self, language: str, opened: OpenedNotes | None = None) -> None:
        locale.use(language)
        super().__init__(language=language, opened=opened)
        self.theme = "ptlearn"
        self.set_reactive(Dashboard.torch_state, "ready")
        self.set_reactive(Dashboard.devices, "8 × H200")
        self.server.torch_version = "2.15.0"

    def _warm_up(self) -> None:
        """No server, no clock."""


def has(app: Dashboard, text: str) -> bool:
    """Whether it stands on the screen."""
    strips = app.screen._compositor.render_strips()
    return any(text in "".join(segment.text for segment in strip) for strip in strips)


def learnt_a_little() -> None:
    with Progress.open() as store:
        for item in ("setup", "tensors"):
            store.tick(item, done=True)
        for page in ("setup/this-machine", "tensors/creating", "tensors/view", "autograd/requires-grad"):
            store.read(page)
        store.remember("place", "autograd/scalar")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_first_start(snap_compare: Callable[..., bool], size: tuple[int, int], language: str) -> None:
    assert snap_compare(Still(language), terminal_size=size)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_plan(snap_compare: Callable[..., bool], size: tuple[int, int], language: str) -> None:
    learnt_a_little()
    assert snap_compare(Still(language), terminal_size=size, press=["down", "down", "down"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_lesson(snap_compare: Callable[..., bool], size: tuple[int, int], language: str) -> None:
    app = Still(language)

    async def open_lesson(pilot: Pilot[None]) -> None:
        page = app.plan.page("autograd/scalar")
        assert page is not None
        app.open_page(page)
        while not isinstance(app.screen, LessonScreen) or app.screen.focused is None:
            await pilot.pause()
        screen = app.screen
        for line in (RECORDED / "scalar.jsonl").read_bytes().splitlines():
            event = decode(line)
            assert isinstance(event.cell, int)
            if screen.session.records[event.cell].state == "new":
                screen.session.records[event.cell].begin(event.cell + 1, 0.0)
            screen.inbox.put(event.cell, event)
        screen.session.shown = 1
        while screen.session.records[1].state != "ran":
            await pilot.pause()
        screen.questions[1].given, screen.questions[1].state = "2.25", "right"
        screen.text.unveil()
        cell = screen.cell(1)
        cell.focus(scroll_visible=False)
        top = 0
        if size[0] < 100:
            await pilot.press("3")
            top = cell.virtual_region.y
            while not (screen.side.display and screen.text.size.height < size[1] - 6):
                await pilot.pause()
        screen.text.scroll_to(y=top, animate=False)
        while screen.text.scroll_offset.y != top or not has(app, "ran in" if language == "en" else "用时"):
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=open_lesson)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_training(snap_compare: Callable[..., bool], size: tuple[int, int], language: str) -> None:
    app = Still(language)
    shutil.copytree(RECORDED / "mnist", home.runs_folder() / "mnist-1123")

    async def open_run(pilot: Pilot[None]) -> None:
        app.open_run("mnist-1123")
        while not getattr(getattr(app.screen, "view", None), "end", None):
            await pilot.pause()
        while not has(app, "100 %") or not has(app, "97.00 %"):
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=open_run)


WRONG = "import torch\n\n\ndef grad_of_mean(x):\n    return torch.full((2, 2), 2.25)"
TRIED = (
    *(Check(cell=0, name=name, ok=True) for name in ("square", "unchanged")),
    Check(cell=0, name="any_shape", ok=False),
    Failing(
        cell=0,
        name="any_shape",
        says="any_shape",
        inputs=[Shown(name="x", text="tensor([[0., 0., 0.]])", shape=[1, 3], dtype="float32")],
        expected=Shown(text="tensor([[3., 3., 3.]])", shape=[1, 3], dtype="float32"),
        got=Shown(text="tensor([[2.2500, 2.2500],\n        [2.2500, 2.2500]])", shape=[2, 2], dtype="float32"),
    ),
    Done(cell=0, ok=False, seconds=0.02),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_exercise_that_does_not_pass_yet(
    snap_compare: Callable[..., bool], size: tuple[int, int], language: str
) -> None:
    with Progress.open() as store:
        store.edit("exercise autograd/grad-of-mean", 0, WRONG)
    app = Still(language)

    async def tried(pilot: Pilot[None]) -> None:
        entry = app.plan.page("exercise autograd/grad-of-mean")
        assert entry is not None
        app.open_page(entry)
        while not isinstance(app.screen, ExerciseScreen) or app.screen.focused is None:
            await pilot.pause()
        screen = app.screen
        screen.effort.verdict, screen.effort.hints = Verdict(screen.effort.exercise), 1
        for event in TRIED:
            screen.effort.verdict.take(event)
        screen._show()
        while not has(app, "(1, 3)"):
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=tried)


@pytest.mark.parametrize("language", LANGUAGES)
def test_today(snap_compare: Callable[..., bool], language: str) -> None:
    learnt_a_little()
    for days, what in ((4, "question autograd/scalar#mean"), (2, "exercise autograd/grad-of-mean")):
        then = time.time() - days * 86_400
        with Progress(home.state_folder() / FILE, clock=lambda then=then: then) as store:  # type: ignore[misc]
            store.attempt(what, "", ok=False)
    app = Still(language)

    async def listed(pilot: Pilot[None]) -> None:
        await pilot.press("d")
        while not has(app, " › 3 "):
            await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=listed)


@pytest.mark.parametrize(("language", "words"), [("en", "leaf"), ("zh", "叶子")])
def test_search(snap_compare: Callable[..., bool], language: str, words: str) -> None:
    app = Still(language)

    async def found(pilot: Pilot[None]) -> None:
        await pilot.press("slash")
        while not isinstance(app.focused, Words):
            await pilot.pause()
        app.focused.value = words
        while not app.screen.query_one(PlaceList).places:
            await pilot.pause()
        app.focused.cursor_blink = False
        await pilot.press("down")

    assert snap_compare(app, terminal_size=(80, 24), run_before=found)


def opened(folder: Path) -> OpenedNotes:
    path = folder / "pytorch-notes.md"
    shutil.copyfile(NOTES, path)
    return OpenedNotes(path, notes=load(path))


@pytest.mark.parametrize("language", LANGUAGES)
def test_notes(snap_compare: Callable[..., bool], tmp_path: Path, language: str) -> None:
    app = Still(language, opened(tmp_path))

    async def listed(pilot: Pilot[None]) -> None:
        while not has(app, "Tensor 创建方式"):
            await pilot.pause()
        await pilot.press("down", "down", "down")

    assert snap_compare(app, terminal_size=(80, 24), run_before=listed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_of_notes(snap_compare: Callable[..., bool], tmp_path: Path, language: str) -> None:
    app = Still(language, opened(tmp_path))

    async def open_lesson(pilot: Pilot[None]) -> None:
        assert app.notes is not None
        app.open_page(next(page for page in app.notes.pages if page.title == "反向传播"))
        while not isinstance(app.screen, LessonScreen) or app.screen.focused is None:
            await pilot.pause()
        screen = app.screen
        screen.session.records[2].begin(3, 0.0)
        for line in (RECORDED / "notes.jsonl").read_bytes().splitlines():
            screen.inbox.put(2, decode(line))
        screen.session.shown = 2
        while screen.session.records[2].state != "ran":
            await pilot.pause()
        screen.text.scroll_to(y=0, animate=False)
        while screen.text.scroll_offset.y or not has(app, "ran in" if language == "en" else "用时"):
            await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=open_lesson)
