"""What went wrong, why and what mends it stands under the cell, in the language in use; a warning's meaning too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui import events as ev
from ptlearn_tui import locale
from ptlearn_tui.tui.record import Record
from ptlearn_tui.tui.widgets.output_panel import OutputBody, lay_printed

from .pages import ended, open_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MATMUL = "import torch\na, b = torch.ones(3, 4), torch.ones(2, 4)\na @ b"
WARNED = "import torch\noutput, target = torch.ones(3, 1), torch.ones(3)\ntorch.nn.MSELoss()(output, target)"

ERROR = ev.Error(
    cell=0, kind="IndexError", message="index 5", line=2, traceback="Traceback\n  line 2\nIndexError: index 5",
    code="index-out-of-range", facts={"tensors": "x: (3,) float32 cpu", "x": "x"},
)  # fmt: skip
ADVICE = ev.Advice(cell=0, code="softmax-dim", line=3, message="in English", facts={"call": "torch.softmax(x, dim=1)"})


def drawn(record: Record, width: int = 70) -> list[str]:
    return [line.plain for line in lay_printed(record, record.printed, width, fold=("trace",))]


async def test_under_its_traceback_an_error_is_explained_and_l_switches_the_words(
    dashboard: Callable[..., object], tmp_path: Path
) -> None:
    async with dashboard(80, 24) as bench:
        screen = await open_cells(bench, tmp_path, MATMUL)
        await bench.press("r")
        await bench.until(ended(*screen.session.records.values()))
        await bench.until("a is (3, 4) float32 cpu, b is (2, 4) float32 cpu")
        at = next(number for number, line in enumerate(bench.lines) if "a is (3, 4)" in line)
        assert "mat1 and mat2 shapes" in bench.text.split("a is (3, 4)")[0]
        assert "`@` pairs the last size" in bench.lines[at + 1]
        assert "try a @ b.T  # one of them turned round" in bench.text
        assert "or  b = torch.randn(4, 2)" in bench.text
        await bench.press("L")
        await bench.until("a 是 (3, 4) float32 cpu，b 是 (2, 4) float32 cpu")
        assert "改为 a @ b.T  # 把其中一个转置" in bench.text
        assert "pairs the last size" not in bench.text
        await bench.press("L")
        await bench.until("a is (3, 4) float32 cpu, b is (2, 4) float32 cpu")
        assert "是" not in bench.text.split("In 1")[1]


async def test_a_warning_is_advice_with_its_line_and_a_repair(dashboard: Callable[..., object], tmp_path: Path) -> None:
    async with dashboard(80, 24, language="zh") as bench:
        screen = await open_cells(bench, tmp_path, WARNED)
        await bench.press("r")
        await bench.until(ended(*screen.session.records.values()))
        await bench.until("第 3 行  输出是 (3, 1)，目标是 (3,)：广播")
        assert "改为 output = output.squeeze(1)  # 去掉大小为 1 的维度" in bench.text
        await bench.press("L")
        await bench.until("line 3  The output is (3, 1), the target (3,)")
        assert "try output = output.squeeze(1)" in bench.text


def test_lines_are_broken_at_words_and_nothing_is_cut() -> None:
    record = Record()
    record.apply([ERROR, ADVICE])
    for language in locale.LANGUAGES:
        locale.use(language)
        for width in (30, 40, 70):
            lines = drawn(record, width)
            assert all(Content(line).cell_length <= width for line in lines)
            assert not any("…" in line for line in lines)
            assert "x is (3,) float32 cpu" in lines or "x 是 (3,) float32 cpu" in lines
            repair = [line for line in lines if "x[-1]" in line]
            assert len(repair) == 2


def test_a_shape_is_never_broken() -> None:
    record = Record()
    facts = {"tensors": "a: (10, 20, 30) float32 cpu\nb: (40, 50) float32 cpu"}
    record.apply([ev.Error(cell=0, kind="E", message="m", line=1, traceback="E: m", facts=facts)])
    for width in range(20, 60):
        text = "\n".join(drawn(record, width))
        assert "(10, 20, 30)" in text and "(40, 50)" in text


def test_with_more_output_than_is_shown_what_went_wrong_is_still_said() -> None:
    record = Record()
    record.apply([ev.Stdout(cell=0, text="out\n" * 30), ERROR, ADVICE])
    lines = [line.plain for line in lay_printed(record, record.printed[:14], 70, fold=("trace",))]
    assert lines[:14] == ["out"] * 14
    assert lines[14:16] == ["IndexError: index 5", "x is (3,) float32 cpu"]
    assert any(line.startswith("line 3  ") for line in lines[16:])
    assert drawn(record).count("IndexError: index 5") == 1


def test_what_the_cell_prints_late_does_not_come_between() -> None:
    record = Record()
    record.apply([ERROR, ev.Stderr(cell=0, text="late\n")])
    lines = drawn(record)
    assert lines[2:4] == ["IndexError: index 5", "x is (3,) float32 cpu"] and lines[-1] == "late"


def test_an_error_that_is_not_known_has_its_tensors_and_no_more() -> None:
    record = Record()
    record.apply(
        [ev.Error(cell=0, kind="E", message="m", line=1, traceback="E: m", facts={"tensors": "x: (3,) int64 cpu"})]
    )
    assert drawn(record) == ["E: m", "x is (3,) int64 cpu"]
    record.begin(2, 0.0)
    record.apply([ev.Error(cell=0, kind="E", message="m", line=1, traceback="E: m")])
    assert drawn(record) == ["E: m"]


def test_advice_of_any_code_is_drawn_and_alone_too() -> None:
    record = Record()
    record.apply([ev.Advice(cell=1, code="of-another-version", line=4, line_cell=0, message="said in\nEnglish")])
    assert record.has("output")
    assert drawn(record) == ["cell 1 line 4  said in English"]
    body = OutputBody()
    assert [line.plain.strip() for line in body.lay_record(record, 60)] == ["cell 1 line 4  said in English"]


def test_nothing_that_a_terminal_would_obey_comes_from_a_name() -> None:
    record = Record()
    record.apply(
        [ev.Advice(cell=0, code="softmax-dim", line=1, message="", facts={"function": "\x1b[2J", "call": "\x1b[2J"})]
    )
    assert not any("\x1b" in line for line in drawn(record))
