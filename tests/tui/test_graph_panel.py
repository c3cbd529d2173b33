"""The Graph panel: rules, folds, why there is no graph, what nodes keep, Mermaid, and backward() as a film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptlearn_tui.introspect.rule_table import RULES
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.widgets.graph_panel import GraphBody
from ptlearn_tui.tui.widgets.node_detail import in_ascii

from .pages import ended, open_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench
    from ptlearn_tui.tui.screens.lesson import LessonScreen

MEAN = "import torch\nx = torch.ones(2, 2, requires_grad=True)\nout = ((x + 2) * 3 * 3).mean()\nout.backward()"
VECTOR = "import torch\nx = torch.tensor([2.0, 3.0], requires_grad=True)\ny = x * x\ny.backward(torch.tensor([1, 0.1]))"
LOOP = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x\nfor _ in range(5_000):\n    y = y * 2 + 1"


def graph_of(screen: LessonScreen) -> GraphBody:
    body = screen.side.panel(3).body
    assert isinstance(body, GraphBody)
    return body


async def open_graph(bench: Bench, folder: Path, *cells: str) -> LessonScreen:
    """Run all cells, and give the keys to the Graph panel."""
    screen = await open_cells(bench, folder, *cells)
    await bench.press("a")
    await bench.until(ended(*screen.session.records.values()))
    if not screen.side.panel(3).has_class("-open"):
        await bench.press("3")
    screen.side.panel(3).focus()
    await bench.until(lambda: screen.side.panel(3).has_focus)
    return screen


async def record(bench: Bench, screen: LessonScreen) -> None:
    """Let the film be made, and stop it at its first step."""
    await bench.press("space")
    await bench.until(lambda: isinstance(bench.app.screen, Question))
    await bench.press("y")
    body = graph_of(screen)
    await bench.until(lambda: body.reel.film is not None)
    body.reel.pause()
    while body.reel.film is not None:
        body.reel.step(-1)
    body.reel.play(body)
    body.reel.pause()
    body.changed()
    await bench.until(lambda: body.reel.first)


# ---- the graph -----------------------------------------------------------------------------------------------


async def test_the_rule_of_the_current_node_stands_at_the_foot(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        await open_graph(bench, tmp_path, MEAN)
        await bench.until("d(mean a) = Σ da / n,  n = 4")
        await bench.until("node 1 of 5")
        await bench.press("down")
        await bench.until("d(a·b) = b·da,  b = 3")
        await bench.press("down", "down", "down")
        await bench.until("a leaf: what comes is added to .grad")


async def test_a_graph_of_ten_thousand_nodes_is_a_fold_that_unfolds(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_graph(bench, tmp_path, LOOP)
        await bench.until("10 001 nodes")
        await bench.until("add, mul ×5 000")
        body = graph_of(screen)
        assert len(body.lines_in_sight) == 2
        await bench.press("right")
        await bench.until(lambda: len(body.lines_in_sight) == 10_002)
        await bench.until("MulBackward0")
        await bench.press("down", "down")
        await bench.until("node 2 of 10001")
        await bench.press("up", "up", "enter")
        await bench.until(lambda: len(body.lines_in_sight) == 2)


async def test_a_cell_with_several_graphs_shows_one_and_the_others_on_demand(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\nz = (x + 1).exp()"
        await open_graph(bench, tmp_path, source)
        await bench.until("z came from")
        await bench.until("graph 2 of 2")
        await bench.press("comma")
        await bench.until("y came from")
        await bench.press("full_stop")
        await bench.until("z came from")


async def test_it_says_why_there_is_no_graph(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        begin = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2"
        await open_graph(bench, tmp_path, begin, "c = y.detach()\nn = torch.arange(3)")
        await bench.until("c has no graph: .detach() cuts it off")
        await bench.until("n has no graph: it is int64")
        await bench.press("L")
        await bench.until("c 没有计算图：.detach() 把图切断了")


async def test_what_a_node_keeps_is_looked_at_in_the_live_kernel(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        begin = "import torch\nx = torch.tensor([2.0, 3.0], requires_grad=True)\n"
        screen = await open_graph(bench, tmp_path, begin + "y = x * x", "z = 1")
        await bench.until("other (2,)")
        await bench.press("i")
        await bench.until("other (2,)   [2.0, 3.0]")
        screen.session.shown = 0
        await bench.press("down", "up")
        list(screen.session.kernel.run(1, "y.sum().backward()"))  # type: ignore[union-attr]
        await bench.press("i")
        await bench.until("freed: backward() has run")
        list(screen.session.kernel.run(1, "y = x.exp()"))  # type: ignore[union-attr]
        await bench.press("i")
        await bench.until("the variable has another graph by now")


async def test_m_copies_the_graph_as_mermaid(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        await open_graph(bench, tmp_path, MEAN)
        await bench.press("m")
        await bench.until("copied as Mermaid: 12 lines")
        assert bench.app.clipboard.startswith("flowchart TD\n") and 'n4(["x<br/>(2, 2)"])' in bench.app.clipboard


async def test_its_keys_are_the_panels_alone(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_graph(bench, tmp_path, MEAN, *["1"] * 20)
        screen.cell(0).focus()
        before = screen.text.scroll_offset.y
        await bench.press("m", "i", "space")
        await bench.until(lambda: screen.text.scroll_offset.y > before)
        assert bench.app.screen is screen and not bench.app.clipboard


@pytest.mark.parametrize("key", RULES)
def test_every_rule_can_be_read_in_ascii(key: str) -> None:
    rule = RULES[key]
    text = in_ascii(f"{rule.left} = {' + '.join(rule.terms)},  {' '.join(rule.numbers)}")
    assert text.isascii(), text


def test_powers_in_ascii() -> None:
    assert in_ascii("d(aᵖ) = p·aᵖ⁻¹·da") == "d(a^p) = p*a^(p-1)*da"
    assert in_ascii("−A⁻¹·dA·A⁻¹ / b²") == "-A^-1*dA*A^-1 / b^2"


# ---- the film ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "language", "theme", "ascii_only"),
    [
        ((80, 24), "en", "ptlearn", False),
        ((120, 40), "zh", "ptlearn", False),
        ((80, 24), "zh", "ptlearn-16", False),
        ((120, 40), "en", "ptlearn-16", False),
        ((80, 24), "en", "ptlearn", True),
        ((120, 40), "en", "ptlearn", True),
    ],
)
async def test_a_film_is_recorded_and_walked_through(
    dashboard: Callable[..., object],
    tmp_path: Path,
    size: tuple[int, int],
    language: str,
    theme: str,
    ascii_only: bool,
) -> None:
    async with dashboard(*size, language=language, ascii_only=ascii_only) as bench:
        bench.app.theme = theme
        screen = await open_graph(bench, tmp_path, MEAN)
        await record(bench, screen)
        body = graph_of(screen)
        wide = size[0] >= 100
        await bench.until("out.backward()")
        await bench.until("step 1 of 5" if language == "en" else "第 1/5 步")
        await bench.until("0.25  0.25" if wide else "mul 0.25 x4" if ascii_only else "mul 0.25 ×4")
        await bench.press("right", "right")
        await bench.until("step 3 of 5" if language == "en" else "第 3/5 步")
        await bench.until("2.25  2.25" if wide else "add 2.25 x4" if ascii_only else "add 2.25 ×4")
        assert screen.cell(0).pointed == 3
        await bench.press("left")
        await bench.until("step 2 of 5" if language == "en" else "第 2/5 步")
        await bench.press("right", "right", "right")
        none = "none" if language == "en" else "无"
        times = "x" if ascii_only else "×"
        await bench.until(f"{none} + 2.25 {times}4 = 2.25 {times}4")
        await bench.press("right")  # there is nothing beyond
        assert body.reel.shot is not None and body.reel.shot.after is not None
        if ascii_only:
            drawn = [line for line in bench.lines if "中" not in line]
            assert all(line.isascii() for line in drawn), [line for line in drawn if not line.isascii()]
        for _ in range(5):
            await bench.press("left")
        await bench.until(lambda: body.reel.film is None)
        await bench.until("came from" if language == "en" else "的来历")


async def test_a_vector_shows_v_the_jacobian_and_what_the_leaf_takes_in(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_graph(bench, tmp_path, VECTOR)
        await record(bench, screen)
        await bench.until("v       1.0  0.1")
        await bench.press("right")
        await bench.until("none + [4.0, 0.6] = [4.0, 0.6]")
        await bench.until("J       4.0  0.0")
        await bench.until("in is vᵀJ")


async def test_a_second_backward_is_shown_to_add(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        cell = MEAN.replace("out.backward()", "out.backward(retain_graph=True)\nout.backward()")
        screen = await open_graph(bench, tmp_path, cell)
        await record(bench, screen)
        await bench.until("film 1 of 2")
        for _ in range(9):
            await bench.press("right")
        await bench.until("film 2 of 2")
        await bench.until("2.25 ×4 + 2.25 ×4 = 4.5 ×4")


async def test_it_plays_by_itself_and_pauses(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_graph(bench, tmp_path, MEAN)
        await record(bench, screen)
        body = graph_of(screen)
        await bench.press("space")
        await bench.until("playing")
        await bench.until("step 3 of 5")
        await bench.press("space")
        await bench.until("paused")
        await bench.press("space")
        await bench.until(lambda: not body.reel.playing)  # at its end
        await bench.until("step 5 of 5")


async def test_the_cells_that_made_the_graph_run_again_too(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        made, used = MEAN.rsplit("\n", 1)
        screen = await open_graph(bench, tmp_path, made, "other = 1", used)
        await bench.press("space")
        await bench.until("Run cells 1, 3 again")
        await bench.press("y")
        body = graph_of(screen)
        await bench.until(lambda: body.reel.film is not None)
        numbers = [each.number for each in screen.session.records.values()]
        assert numbers == [4, 2, 5]
        assert not screen.session.filming


async def test_a_cell_that_calls_no_backward_says_so(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        await open_graph(bench, tmp_path, MEAN.rsplit("\n", 1)[0])
        await bench.press("space")
        await bench.until("cell 1 calls no backward()")


async def test_other_runs_are_not_recorded(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_graph(bench, tmp_path, MEAN)
        await record(bench, screen)
        screen.cell(0).focus()
        await bench.press("r")
        await bench.until(lambda: screen.session.records[0].number == 3)
        await bench.until(ended(screen.session.records[0]))
        assert not screen.session.records[0].films


async def test_nothing_keeps_a_tensor_alive(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        look = (
            "import gc, weakref\nheld = [weakref.ref(each) for each in (x, out, x.grad)]\n"
            "del x, out\ngc.collect()\nprint([each() for each in held])"
        )
        screen = await open_graph(bench, tmp_path, MEAN.replace("backward()", "backward(retain_graph=True)"), "1")
        screen.cell(0).focus()
        screen.side.panel(3).focus()
        await record(bench, screen)
        await bench.press("right", "i", "3")
        kernel = screen.session.kernel
        assert kernel is not None
        await bench.until(lambda: not screen.side.panel(3).has_class("-open"))
        printed = "".join(getattr(event, "text", "") for event in kernel.run(9, look))
        assert "[None, None, None]" in printed
