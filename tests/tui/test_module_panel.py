"""The panel Modules: layers with shapes, what folds, and where a pass broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from introspect.networks import LENET
from ptlearn_tui.tui.widgets.layer_detail import LayerDetail
from ptlearn_tui.tui.widgets.module_panel import ModuleBody

from .pages import ended, laid, open_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench
    from ptlearn_tui.tui.widgets.panel import Panel

DEEP = "import torch, torchvision\nnet = torchvision.models.resnet18()\nout = net(torch.randn(2, 3, 64, 64))"


async def shown(bench: Bench, folder: Path, *cells: str) -> tuple[Panel, ModuleBody]:
    """A page whose cells have run, the panel with the keys."""
    screen = await open_cells(bench, folder, *cells)
    await bench.press("a")
    await bench.until(ended(*screen.session.records.values()))
    await bench.press("5")
    panel = screen.side.panel(5)
    panel.focus()
    await bench.until(lambda: panel.has_focus and panel.body.record is not None and panel.body.lines(panel.size.width))
    assert isinstance(panel.body, ModuleBody)
    return panel, panel.body


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["sheet", "beside"])
@pytest.mark.parametrize("how", ["rich", "ptlearn-16", "ascii", "zh"])
async def test_layers_have_shapes_and_the_one_that_broke_off_says_what_fits(
    dashboard: Callable[..., Any], tmp_path: Path, size: tuple[int, int], how: str
) -> None:
    options = {"ascii": {"ascii_only": True}, "zh": {"language": "zh"}}.get(how, {})
    async with dashboard(*size, **options) as bench:
        if how == "ptlearn-16":
            bench.app.theme = how
        _, body = await shown(bench, tmp_path, LENET, "out = net(torch.randn(64, 1, 28, 28))")
        await bench.until(lambda: body.current is not None and body.current.layer.path == "fc1")
        text = laid(body)
        assert "(64, 16, 8, 8)" in text and "61 706" in text
        assert (
            "400" in text
            and "256" in text
            and "32×32" in text
            and "nn.Linear(256, 120)" in text.replace("\n     ", " ")
        )
        assert ("no" if how == "ascii" else "✗") in text  # not by colour alone
        assert "fc1" in bench.text and "in_features=400" in bench.text
        assert bench.text.isascii() or how != "ascii" or "中文" in bench.text.replace("中 文", "中文")


async def test_a_pass_shows_what_came_out_of_each_layer(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard(120, 40) as bench:
        panel, body = await shown(bench, tmp_path, LENET + "out = net(torch.randn(1, 1, 32, 32))")
        await bench.press("down", "down")
        assert body.current is not None and body.current.layer.path == "conv2"
        detail = panel.query_one(LayerDetail)
        told = "\n".join(line.plain for line in detail.lines(detail.size.width))
        assert "6, 16, kernel_size=(5, 5)" in told and "(1, 6, 14, 14)  →  (1, 16, 10, 10)" in told
        assert "mean" in told and "480 k" in laid(body)


async def test_the_layers_of_a_large_network_are_folded_until_they_are_opened(
    dashboard: Callable[..., Any], tmp_path: Path
) -> None:
    async with dashboard(120, 40) as bench:
        _, body = await shown(bench, tmp_path, DEEP)
        assert len(body.places) == 11
        for _ in range(5):
            await bench.press("down")
        assert body.current is not None and body.current.layer.path == "layer1"
        await bench.press("enter")
        assert [place.layer.path for place in body.places[5:8]] == ["layer1", "layer1.0", "layer1.1"]
        await bench.press("left")
        assert len(body.places) == 11


async def test_an_empty_panel_says_how_modules_come_here(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard(120, 40) as bench:
        await open_cells(bench, tmp_path, "x = 1")
        await bench.press("3", "5")
        await bench.until("No modules yet.")


async def test_all_modules_of_a_cell_stand_below_each_other(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard(120, 40) as bench:
        source = """import torch
one, two = torch.nn.Linear(2, 3), torch.nn.Linear(3, 2)
for turn in range(50):
    y = two(one(torch.ones(1, 2)))"""
        _, body = await shown(bench, tmp_path, source)
        assert [(place.tree.name, place.layer.calls) for place in body.places] == [("one", 1), ("two", 1)]


async def test_modules_without_a_name_are_all_there(dashboard: Callable[..., Any], tmp_path: Path) -> None:
    async with dashboard(120, 40) as bench:
        source = "import torch\nx = torch.nn.Linear(2, 3)(torch.ones(1, 2))\nx = torch.nn.Linear(3, 4)(x)"
        _, body = await shown(bench, tmp_path, source)
        assert [place.layer.outputs for place in body.places] == [[[1, 3]], [[1, 4]]]
