"""The panel Tensors: every kind has its card at every size, and a card opens in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ptlearn_tui.tui.widgets.tensor_panel import TensorBody

from .pages import ended, laid, open_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench
    from ptlearn_tui.tui.screens.lesson import LessonScreen
    from ptlearn_tui.tui.widgets.panel import Panel

VIEWS = """import torch
x = torch.arange(24)
t = x.view(4, 6).t()
cols = x.view(4, 6)[:, ::2]
e = torch.arange(3.).expand(4, 3)"""

KINDS = """import numpy as np
import torch
torch.manual_seed(0)
img = torch.zeros(1, 28, 28)
batch = torch.randn(64, 3, 32, 32)
w = torch.nn.Parameter(torch.randn(120, 400))
(w ** 2).sum().backward()
bad = torch.randn(50, 60)
bad[3, 4] = float('nan')
mask = bad > 0
c = torch.ones(3, dtype=torch.complex64)
sp = torch.eye(300).to_sparse()
d12 = torch.ones((2,) * 12)
m = torch.empty(5, 5, device='meta')
none = torch.empty(0, 3)
xs = [torch.randn(3, 3), torch.ones(2)]
dd = {'image': torch.rand(3, 16, 16)}
a = np.linspace(0, 1, 50)
net = torch.nn.Sequential(torch.nn.Linear(10, 20), torch.nn.ReLU())
lazy = torch.nn.LazyLinear(3)"""


async def shown(bench: Bench, folder: Path, *cells: str) -> tuple[LessonScreen, Panel, TensorBody]:
    """A page whose cells have run, the panel with the keys."""
    screen = await open_cells(bench, folder, *cells)
    await bench.press("a")
    await bench.until(ended(*screen.session.records.values()))
    assert [record.state for record in screen.session.records.values()] == ["ran"] * len(cells)
    panel = screen.side.panel(2)
    if not panel.has_class("-open"):
        await bench.press("2")
    if panel.has_class("-open") and screen.side.panel(3).has_class("-open"):
        await bench.press("3")  # all the room for the cards
    panel.focus()
    await bench.until(lambda: panel.has_focus and panel.body.record is list(screen.session.records.values())[-1])
    body = panel.body
    assert isinstance(body, TensorBody)
    return screen, panel, body


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["sheet", "beside"])
@pytest.mark.parametrize("how", ["rich", "ptlearn-16", "ascii", "zh"])
async def test_every_kind_has_a_card(
    dashboard: Callable[..., Any], tmp_path: Path, size: tuple[int, int], how: str
) -> None:
    options = {"ascii": {"ascii_only": True}, "zh": {"language": "zh"}}.get(how, {})
    async with dashboard(*size, **options) as bench:
        if how == "ptlearn-16":
            bench.app.theme = how
        _, _, body = await shown(bench, tmp_path, KINDS)
        text = laid(body)
        shades = any("▀" in line for line in text.split("\n"))
        assert shades == (how in ("rich", "zh")), "half blocks only where there are shades"
        for part in (
            "(64, 3, 32, 32)",
            "sparse_coo",
            "(2, 2, 2, 2",
            "complex64",
            "meta",
            "NumPy",
            "['image']",
            "1 NaN",
        ):
            assert part in text
        if how != "zh":
            for part in (
                "a picture? 32×32, the first of 64",
                "300 of 90 000 elements stored",
                "no elements",
                "all 1.00",
            ):
                assert part in " ".join(text.split())
            assert "it gets its shape with the first forward" in " ".join(text.split()) or size[0] == 120
        assert bench.text.isascii() or how != "ascii" or "中文" in bench.text.replace("中 文", "中文")


async def test_the_panel_shows_who_reads_which_elements(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard(120, 40) as bench:
        _, _, body = await shown(bench, tmp_path, VIEWS)
        text = laid(body)
        assert "shares storage 1 with x, t" in text
        strip = [" ".join(line.split()) for line in text.split("\n") if "━" in line]
        assert strip[0].startswith("x " + "━" * 24)
        assert strip[1] == "t " + "━" * 24 + " 0 6 12 18 1 …"
        assert strip[2] == "cols " + "━·" * 12 + " 0 2 4 6 8 10 …"
        assert "the same 3 read 4 times" in text


async def test_what_has_changed_since_the_cell_before_is_said(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    first = "import torch\ns = torch.tensor(2.5)\nh = torch.zeros(10)\nx = torch.zeros(3)"
    async with dashboard(120, 40) as bench:
        _, _, body = await shown(bench, tmp_path, first, "s += 1\nh = torch.ones(5, 2)\nx.data[0] = 3")
        text = " ".join(laid(body).split())
        assert "changed in place 2.50 → 3.50" in text
        assert "changed (10,) → (5, 2) mean 0.00 → 1.00" in text
        assert "changed in place, unseen by autograd mean 0.00 → 1.00" in text


async def test_arrows_walk_through_the_cards_and_enter_opens_one(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen, panel, body = await shown(bench, tmp_path, VIEWS)
        assert "enter open the card" in bench.text
        for _ in range(12):
            await bench.press("down")
        await bench.until(lambda: body.key == ("e", 5))
        assert any(line.startswith("▌") and " e " in line for line in bench.lines)
        await bench.press("enter")
        await bench.until("stride (0, 1)".replace(" ", "\N{NO-BREAK SPACE}"))
        assert "the same 3 read 4 times" in laid(body)
        await bench.press("escape")
        await bench.until(lambda: body.opened is None)
        assert panel.has_focus, "escape has closed the card, not left the panel"
        await bench.press("escape")
        await bench.until(lambda: not panel.has_focus)
        assert screen.is_current


async def test_an_open_card_shows_any_slice_and_statistics_of_all_values(
    dashboard: Callable[..., Any], tmp_path: Path
) -> None:
    source = "import torch\nx = torch.arange(60_000.).reshape(3, 2, 100, 100)\nx[2, 1, 98, 99] = -1"
    async with dashboard(120, 40) as bench:
        _, _, body = await shown(bench, tmp_path, source)
        await bench.press("enter")
        await bench.until("x[0, 0, :, :]")
        await bench.until("x of all values")
        await bench.press("right", "right", "full_stop", "right")
        await bench.until("x[2, 1, :, :]")
        await bench.until(lambda: "50000.0  50001.0" in laid(body))
        assert "-1.00" not in laid(body), "a sample has missed it"
        await bench.press("x")
        await bench.until(lambda: "-1.00 ▁" in laid(body))
        assert "of a sample" not in laid(body)
        await bench.press("enter")
        await bench.until(lambda: body.opened is None)


async def test_while_a_cell_runs_an_open_card_says_so_and_keeps_what_was_told(
    dashboard: Callable[..., Any], tmp_path: Path
) -> None:
    async with dashboard(120, 40) as bench:
        source = "import torch\nx = torch.arange(6)\nprint('go', flush=True)\nwhile True: pass"
        screen = await open_cells(bench, tmp_path, source)
        await bench.press("enter")
        await bench.until(lambda: ("x", 2) in screen.session.records[0].cards)
        screen.side.panel(2).focus()
        await bench.press("enter")
        await bench.until("The kernel is busy")
        await bench.until("This is what the cell told.")
        assert "0  1  2  3  4  5" in " ".join(bench.text.split("\n"))
        screen.interrupt()
        await bench.until(ended(*screen.session.records.values()))


async def test_a_name_that_holds_another_tensor_by_now_is_not_mistaken(
    dashboard: Callable[..., Any], tmp_path: Path
) -> None:
    async with dashboard(120, 40) as bench:
        _, _, body = await shown(bench, tmp_path, "import torch\nx = torch.ones(2, 2)\nx = torch.arange(5)")
        await bench.press("enter")
        await bench.until("x is another tensor by now: (5,) int64")
        assert "1.0  1.0" in laid(body)


async def test_an_empty_panel_has_the_bar(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_cells(bench, tmp_path, "1")
        screen.side.panel(2).focus()
        await bench.until(lambda: any("▌  No tensors yet" in line for line in bench.lines))
        await bench.press("enter", "down", "right", "x", "comma")
        assert screen.side.panel(2).has_focus
