"""The surest mistakes of a run as pictures: in colour, in grey, in marks; captions stay in their slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ptlearn_tui import events as ev
from ptlearn_tui import locale
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs.write import Log
from ptlearn_tui.training import datasets
from ptlearn_tui.tui.widgets.mistakes import SLOT, Mistakes, captions
from ptlearn_tui.tui.widgets.picture import draw, split_colours

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

RED, BLUE = 0xFF0000, 0x0000FF
SIDE = 32
FLAG = [[RED] * (SIDE // 2) + [BLUE] * (SIDE // 2)] * SIDE
STROKE = [[255 if 12 <= column < 16 else 0 for column in range(28)] for _ in range(28)]


def mistaken(pixels: list[list[int]], colour: bool, names: tuple[str, ...]) -> list[ev.Picture]:
    """Each name taken for the next."""
    return [
        ev.Picture(pixels=pixels, colour=colour, target=name, prediction=guess, probability=1.0)
        for name, guess in zip(names, names[1:] + names[:1], strict=True)
    ]


def a_run(pixels: list[list[int]], colour: bool, names: tuple[str, ...]) -> str:
    """A run whose one epoch is over, wrong about each of the names once; its id."""
    request = run_folder.Request(recipe="cifar10", config={"epochs": 2}, seed=0, device="cpu", data="synthetic")
    folder = run_folder.create(request)
    pictures = mistaken(pixels, colour, names)
    log = Log(folder)
    log.write(
        ev.Run(
            time=0.0,
            id=folder.name,
            recipe="cifar10",
            config={"epochs": 2, "batch_size": 128},
            seed=0,
            device="cpu",
            versions={},
            data={"name": "cifar10", "kind": "synthetic", "test": 1000},
            steps_per_epoch=2,
        ),
        *(ev.Metric(time=float(step), name="loss", step=step, value=2.0 / step) for step in (1, 2)),
        ev.Eval(time=2.0, epoch=1, split="test", loss=1.0, accuracy=0.5),
        ev.Sample(time=2.0, epoch=1, wrong=500, pictures=pictures),
    )
    log.last_word(ev.End(time=3.0, status="stopped", seconds=3.0))
    return folder.name


async def open_mistakes(bench: Bench, run: str, *keys: str) -> Mistakes:
    bench.app.open_run(run)
    await bench.until(lambda: bool(bench.app.screen.query(Mistakes)))
    await bench.press(*keys)
    mistakes = bench.app.screen.query_one(Mistakes)
    await bench.until(lambda: mistakes.view.sample is not None and mistakes.size.height > 5)
    return mistakes


def inks(bench: Bench) -> set[str]:
    """The colours that half blocks are drawn in, as the terminal gets them."""
    strips = bench.app.screen._compositor.render_strips()
    return {
        segment.style.color.name
        for strip in strips
        for segment in strip
        if segment.style and segment.style.color and "▀" in segment.text
    }


async def test_a_photograph_is_drawn_in_its_colours(dashboard: Callable[..., Any]) -> None:
    async with dashboard(120, 40) as bench:
        await open_mistakes(bench, a_run(FLAG, True, ("cat", "dog")))
        await bench.until(lambda: {"#ff0000", "#0000ff"} <= inks(bench))
        assert not any(name not in ("#ff0000", "#0000ff") for name in inks(bench)), "no colour is mixed of both"


async def test_a_digit_is_still_grey(dashboard: Callable[..., Any]) -> None:
    async with dashboard(120, 40) as bench:
        await open_mistakes(bench, a_run(STROKE, False, ("4", "9")))
        await bench.until(lambda: inks(bench))
        assert all(name[1:3] == name[3:5] == name[5:7] for name in inks(bench))
        assert "is 4 says 9 100 %" in bench.text


@pytest.mark.parametrize("how", ["sixteen", "ascii"])
async def test_without_colours_marks_show_what_is_bright(dashboard: Callable[..., Any], how: str) -> None:
    async with dashboard(120, 40, ascii_only=how == "ascii") as bench:
        if how == "sixteen":
            bench.app.theme = "ptlearn-16"
        await open_mistakes(bench, a_run(FLAG, True, ("cat", "dog")))
        await bench.until("########        ")  # red looks brighter than blue
        assert "▀" not in bench.text


def pixels(text: str) -> int:
    """Lines with pixels in them."""
    return sum("▀" in line for line in text.splitlines())


async def test_m_shows_the_pictures_at_their_own_size_in_the_curves_place(dashboard: Callable[..., Any]) -> None:
    async with dashboard(120, 40) as bench:
        mistakes = await open_mistakes(bench, a_run(FLAG, True, ("cat", "dog")))
        await bench.until("Loss log")
        assert pixels(bench.text) == SIDE // 4  # half the size, two rows of pixels a line
        small = mistakes.size.height
        await bench.press("m")
        await bench.until(lambda: pixels(bench.text) == SIDE // 2)
        assert "Loss log" not in bench.text
        await bench.press("m")
        await bench.until("Loss log")
        assert mistakes.size.height == small


async def test_before_the_first_epoch_m_says_when_they_come(dashboard: Callable[..., Any]) -> None:
    request = run_folder.Request(recipe="mnist", config={"epochs": 2}, seed=0, device="cpu", data="sample")
    folder = run_folder.create(request)
    async with dashboard() as bench:
        bench.app.open_run(folder.name)
        await bench.until("the run is starting")
        await bench.press("m")
        await bench.until("the first come after epoch 1")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["cifar10", "fashion", "mnist"])
def test_captions_stay_in_their_slots(name: str, language: str) -> None:
    locale.use(language)
    names = datasets.SETS[name].classes
    rows = captions(mistaken(STROKE, False, names), SLOT)
    assert len(rows) == (1 if name == "mnist" else 2)
    assert all(caption.cell_length < SLOT for row in rows for caption in row), "a space parts it from the next"
    for at, each in enumerate(names):
        assert each in rows[0][at].plain, "no name of a data set of ours is cut"
        assert each in rows[-1][at - 1].plain


def test_a_name_that_is_too_long_is_cut() -> None:
    (what, guess) = captions(mistaken(STROKE, False, ("a very long name of a class", "张量" * 9)), SLOT)
    assert all(caption.cell_length < SLOT and "…" in caption.plain for caption in what + guess)


def test_colours_are_averaged_each_for_itself() -> None:
    mixed = [[RED, BLUE], [RED, BLUE], [RED, BLUE], [RED, BLUE]]
    (line,) = draw(split_colours(mixed), rich=True, small=True)
    assert [str(span.style) for span in line.spans] == ["#7f007f on #7f007f"]


def test_a_picture_of_one_brightness_is_not_stretched() -> None:
    grey = split_colours([[0x808080] * 4] * 4)
    assert {line.plain for line in draw(grey, rich=False, small=False)} == {"::::"}
