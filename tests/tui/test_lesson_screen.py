"""A page and its kernel: cells run in a worker thread, and what they made stands beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.events import Done
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.graph_panel import layout
from ptlearn_tui.tui.widgets.prose import Prose

from .pages import ended, open_cells, open_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def test_the_notes_chain_reads_mean_mul_mul_add_x(dashboard: Callable[..., object]) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_page(bench, "autograd/scalar")
        await bench.press("enter", "enter")
        await bench.until(ended(screen.session.records[0], screen.session.records[1]))
        record = screen.session.records[1]
        rows = layout(record.graphs["out"])
        assert [row.node.name for row in rows] == [
            "MeanBackward0",
            "MulBackward0",
            "MulBackward0",
            "AddBackward0",
            "AccumulateGrad",
        ]
        assert rows[-1].node.variable == "x"
        assert [row.node.line for row in rows[:-1]] == [4, 3, 3, 2]
        assert {row.indent for row in rows} == {0}
        cell = [line[:64].rstrip() for line in bench.lines if line[:1] in "▌▏"]
        assert any(line.endswith("(2, 2)  leaf") for line in cell)
        assert any(line.endswith("()      27.0") for line in cell)
        assert any(line.endswith("→ x.grad") for line in cell)
        panel = "\n".join(line[66:] for line in bench.lines)
        assert "MeanBackward0" in panel
        assert "2.25  2.25" in panel, "the gradient on x's card"


async def test_a_cell_run_while_torch_loads_waits_its_turn_and_says_so(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_page(bench, "autograd/scalar")
        assert bench.app.torch_state == "loading"
        await bench.press("enter")
        await bench.until("runs when torch is loaded")
        await bench.until(ended(screen.session.records[0]))
        assert screen.session.records[0].state == "ran"


async def test_enter_goes_on_and_r_stays(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "a = 1", "b = 2", "c = 3")
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        assert screen.focused is screen.cell(0)
        await bench.press("enter")
        await bench.until(lambda: screen.focused is screen.cell(1))
        await bench.press("tab")
        assert screen.focused is screen.cell(2)


async def test_run_all_stops_at_a_failure_and_the_cell_says_which_line(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "a = 1", "b = 2\nb / 0", "c = 3")
        await bench.press("a")
        await bench.until(lambda: screen.session.records[1].state == "failed")
        records = screen.session.records
        assert [record.state for record in records.values()] == ["ran", "failed", "new"]
        assert records[1].error is not None
        assert (records[1].error.kind, records[1].error.line) == ("ZeroDivisionError", 2)
        await bench.until("ZeroDivisionError")


async def test_ctrl_c_interrupts_and_the_variables_are_still_there(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "kept = 41", "print('begun')\nwhile True: pass", "kept + 1")
        await bench.press("enter")
        await bench.until(ended(screen.session.records[0]))
        await bench.press("enter")
        await bench.until(lambda: ("out", "begun") in screen.session.records[1].output.lines)
        await bench.press("ctrl+c")
        await bench.until(ended(screen.session.records[1]))
        assert screen.session.records[1].state == "interrupted"
        await bench.press("enter")
        await bench.until(ended(screen.session.records[2]))
        assert screen.session.records[2].output.lines == [("value", "42")]


async def test_a_stubborn_cell_is_killed_without_a_question_and_the_next_gets_a_fresh_kernel(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    stubborn = "print('begun')\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass"
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, stubborn, "1 + 1")
        await bench.press("r")
        await bench.until(lambda: ("out", "begun") in screen.session.records[0].output.lines)
        await bench.press("ctrl+c")
        await bench.until("K kills the kernel")
        await bench.press("K")
        await bench.until(ended(screen.session.records[0]))
        assert screen.session.records[0].state == "died"
        await bench.press("tab", "enter")
        await bench.until(ended(screen.session.records[1]))
        assert screen.session.records[1].output.lines == [("value", "2")]
        assert not list(bench.app._notifications), "the offer is out of date"


async def test_K_asks_where_nothing_is_stuck(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "kept = 1", "kept")
        await bench.press("enter")
        await bench.until(ended(screen.session.records[0]))
        await bench.press("K")
        await bench.until(lambda: isinstance(bench.app.screen, Question))
        await bench.press("escape")
        await bench.until(lambda: bench.app.screen is screen)
        await bench.press("enter")
        await bench.until(ended(screen.session.records[1]))
        assert screen.session.records[1].state == "ran", "no is no"


async def test_a_training_loop_plots_itself(dashboard: Callable[..., object], tmp_path: Path) -> None:
    loop = """import torch
w = torch.zeros(2, requires_grad=True)
for step in range(50):
    loss = ((w - 1) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()"""
    async with dashboard(120, 40) as bench:
        screen = await open_cells(bench, tmp_path, loop)
        await bench.press("4", "r")
        await bench.until(ended(screen.session.records[0]))
        series = screen.session.records[0].series["loss"]
        assert series.end == 50
        assert series.low[0] == 2.0
        await bench.until("step 50")
        assert "loss" in screen.session.records[0].graphs


async def test_the_same_number_opens_and_closes_a_panel(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_page(bench, "autograd/scalar")
        assert not screen.side.display
        await bench.press("3")
        await bench.until("No graph yet.")
        await bench.press("2")
        await bench.until("No tensors yet.")
        assert "No graph yet." not in bench.text, "one sheet at 80 columns"
        await bench.press("2", "3")
        await bench.until(lambda: "No graph yet." not in bench.text)


async def test_a_node_of_the_graph_points_at_its_line(dashboard: Callable[..., object]) -> None:
    async with dashboard(120, 40) as bench:
        screen = await open_page(bench, "autograd/scalar")
        await bench.press("enter", "r")
        await bench.until(ended(screen.session.records[0], screen.session.records[1]))
        screen.side.panel(3).focus()
        await bench.press("right")
        await bench.until(lambda: screen.cell(1).pointed == 3)
        await bench.until(lambda: any("▸3  z = y * 3 * 3" in line for line in bench.lines))
        screen.text.scroll_end(animate=False)
        await bench.until(lambda: not any("▸3  z = y * 3 * 3" in line for line in bench.lines))
        await bench.press("enter")  # shows the line
        await bench.until(lambda: any("▸3  z = y * 3 * 3" in line for line in bench.lines))
        await bench.press("escape")
        await bench.until(lambda: isinstance(screen.focused, CodeCell))


async def test_the_language_is_switched_in_place_and_the_results_stay(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_page(bench, "autograd/scalar")
        await bench.press("enter", "r")
        await bench.until(ended(screen.session.records[0], screen.session.records[1]))
        await bench.press("L")
        await bench.until("从标量反向传播")
        assert screen.session.records[1].lines[4].shape == []
        await bench.until("27.0")


async def test_the_other_language_keeps_the_place(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_page(bench, "autograd/scalar")
        cell = screen.cell(1)
        screen.text.scroll_to(y=cell.virtual_region.y + 2, animate=False)
        await bench.until(lambda: screen.text.scroll_offset.y == cell.virtual_region.y + 2)
        before = cell.virtual_region.y
        for text in ("谁会留下梯度", "Who keeps a gradient"):
            await bench.press("L")
            await bench.until(
                lambda text=text: any(text in str(w.lines(60)) for w in screen.query("Prose").results(Prose))
            )
            await bench.until(lambda: screen.text.scroll_offset.y == cell.virtual_region.y + 2)
        assert cell.virtual_region.y == before


async def test_what_a_left_page_made_is_there_on_return(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_page(bench, "autograd/scalar")
        await bench.press("enter")
        await bench.until(ended(screen.session.records[0]))
        await bench.press("n")
        await bench.until("4 Gradients accumulate")
        await bench.until(lambda: "autograd/scalar" in bench.app.progress.pages_read())
        await bench.press("p")
        await bench.until(lambda: bench.app.screen is screen)
        assert screen.session.records[0].state == "ran"


async def test_a_shape_error_names_the_tensors_on_the_line(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        cell = "import torch\na, b = torch.ones(2, 3), torch.ones(4, 5)\na @ b"
        screen = await open_cells(bench, tmp_path, cell)
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        await bench.until("a is (2, 3) float32 cpu, b is (4, 5) float32 cpu")


async def test_a_cell_below_one_that_ran_again_is_out_of_date(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "a = 1", "b = a + 1")
        await bench.press("a")
        await bench.until(ended(*screen.session.records.values()))
        assert "out of date" not in bench.text
        await bench.press("r")
        await bench.until("out of date: a cell above ran again")
        await bench.press("a")
        await bench.until(lambda: screen.session.records[1].number == 5 and "out of date" not in bench.text)


async def test_y_copies_the_text_of_a_cell(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        await open_cells(bench, tmp_path, "a = 1\nb = 2")
        await bench.press("y")
        await bench.until(lambda: bench.app.clipboard == "a = 1\nb = 2")


async def test_markup_and_control_sequences_in_output_are_only_text(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    code = r"""import os
print("[bold]not[/bold] 100% \x1b[2J\x1bc done")
os.write(1, b"\x1b[2J raw\n")
raise ValueError("[red]\x1b[2J 张量 🙂[/red]")"""
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, code)
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        await bench.press("1")
        await bench.until("[bold]not[/bold] 100%  done")
        texts = [text for _, text in screen.session.records[0].output.lines]
        assert " raw" in texts
        assert any("[red] 张量 🙂[/red]" in text for text in texts)
        assert not any("\x1b" in text for text in texts)


async def test_a_flood_of_events_is_a_handful_of_messages(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "for i in range(30_000):\n    print(i)")
        heard: list[object] = []
        taken = screen._take_in
        screen._take_in = lambda: (heard.append(1), taken())[1]  # type: ignore[method-assign]
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        output = screen.session.records[0].output
        assert output.lines[-1] == ("out", "29999")
        assert len(heard) < 1_000


async def test_the_sequence_of_a_cell_ends_with_done(dashboard: Callable[..., object], tmp_path: Path) -> None:
    """The worker posts; handlers touch widgets: the inbox is emptied only by messages."""
    async with dashboard() as bench:
        screen = await open_cells(bench, tmp_path, "x = 1\nx")
        put: list[object] = []
        original = screen.inbox.put
        screen.inbox.put = lambda index, event: (put.append(event), original(index, event))[1]  # type: ignore[method-assign]
        await bench.press("r")
        await bench.until(ended(screen.session.records[0]))
        assert isinstance(put[-1], Done)
        assert [type(event).__name__ for event in put].count("Done") == 1


async def test_the_kernels_of_the_last_three_lessons_live_on_and_no_others(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screens = []
        for key in ("autograd/requires-grad", "autograd/grad-fn", "autograd/scalar", "autograd/accumulate"):
            screens.append(await open_page(bench, key))
            await bench.press("r")
            await bench.until(ended(screens[-1].session.records[0]))
            await bench.press("q")
        await bench.until(lambda: not screens[0].session.kernel.alive)
        assert all(screen.session.kernel.alive for screen in screens[1:])
