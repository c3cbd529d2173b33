"""An exercise: what is wrong is shown with the smallest input that shows it, and nothing that an answer does hurts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.tui.screens.exercise import ExerciseScreen
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.editor import Editor
from ptlearn_tui.tui.widgets.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

KEY = "exercise autograd/grad-of-mean"
WRONG = "import torch\n\n\ndef grad_of_mean(x):\n    return torch.full((2, 2), 2.25)"


async def open_exercise(bench: Bench) -> ExerciseScreen:
    entry = bench.app.plan.page(KEY)
    assert entry is not None
    bench.app.open_page(entry)
    await bench.until("kernel ready")
    screen = bench.app.screen
    assert isinstance(screen, ExerciseScreen)
    return screen


async def answer(bench: Bench, source: str) -> None:
    """By the editor, as a learner would."""
    await bench.press("e")
    await bench.until(lambda: isinstance(bench.app.focused, Editor))
    bench.app.focused.text = source
    await bench.press("escape")
    await bench.until(lambda: isinstance(bench.app.focused, CodeCell))


async def test_a_wrong_answer_shows_the_smallest_input_that_fails_and_what_holds(
    dashboard: Callable[..., object],
) -> None:
    async with dashboard() as bench:
        screen = await open_exercise(bench)
        await bench.until("e edit  enter check  h hint")
        await answer(bench, WRONG)
        await bench.press("enter")
        await bench.until("✗ Not yet   right for a 2×2, wrong for another shape.")
        text = bench.text
        assert "smallest input that fails   x = tensor(" in text
        assert "()  float32" in text
        drawn = "\n".join(map(str, screen.query_one(Outcome).lines(80)))
        assert "(2, 2)  float32" in drawn
        assert "✓ a 2×2   ✓ x is unchanged   ✗ any shape   · dtype" in text
        assert "Checked in a fresh process" in text
        await bench.until(lambda: [each.ok for each in bench.app.progress.attempts(KEY)] == [False])
        assert screen.session.kernel is None, "the kernel of the page is not used"
        assert bench.app.progress.edits(KEY) == {0: WRONG}


async def test_the_solution_passes_and_the_item_is_ticked_with_its_last_exercise(
    dashboard: Callable[..., object],
) -> None:
    async with dashboard() as bench:
        others = [each.key for each in bench.app.plan.item("autograd").exercises if each.key != KEY]
        for key in others:
            bench.app.progress.attempt(key, "", ok=True)
        screen = await open_exercise(bench)
        await answer(bench, screen.effort.exercise.solution)
        assert bench.app.progress.ticked() == frozenset()
        await bench.press("c")
        await bench.until("✓ Passed   every check holds")
        await bench.until(lambda: bench.app.progress.ticked() == {"autograd"})
        await bench.press("s")
        await bench.until("A solution")
        await bench.press("q")
        await bench.until(f"{len(others) + 1}/{len(others) + 1}")
        await bench.until("[x] Autograd")


async def test_hints_come_one_by_one_and_the_solution_after_three_tries(dashboard: Callable[..., object]) -> None:
    async with dashboard(rows=40) as bench:
        screen = await open_exercise(bench)
        hints = screen.effort.exercise.hints
        for number, hint in enumerate(hints, 1):
            await bench.press("h")
            await bench.until(f"Hint {number}   {hint.replace('`', '')[:20]}")
        await bench.press("s")
        assert not screen.effort.solved
        for tries in (1, 2, 3):
            await bench.press("c")
            await bench.until(
                lambda tries=tries: screen.effort.standing.failed == tries and screen.effort.checking is None
            )
        await bench.until("s shows a solution.")
        await bench.press("s")
        await bench.until("A solution")


async def test_an_endless_loop_is_given_up_with_ctrl_c_and_counts_for_nothing(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_exercise(bench)
        await answer(bench, "def grad_of_mean(x):\n    while True: pass")
        await bench.press("enter")
        await bench.until("checking")
        await bench.until(lambda: screen._attempt is not None and screen._attempt._kernel is not None)
        await bench.press("ctrl+c")
        await bench.until(lambda: screen._attempt is None)
        assert screen.effort.checking is None
        await answer(bench, screen.effort.exercise.solution)
        await bench.press("enter")
        await bench.until("✓ Passed")
        await bench.until(lambda: [each.ok for each in bench.app.progress.attempts(KEY)] == [True])


async def test_an_answer_that_ends_its_kernel_or_is_no_python_is_just_wrong(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await open_exercise(bench)
        await answer(bench, "import os\nos._exit(3)")
        await bench.press("enter")
        await bench.until("it ended the kernel (exit 3)")
        await answer(bench, "def (")
        await bench.press("enter")
        await bench.until("it raises SyntaxError")
        await answer(bench, "x = '[red]\\x1b[31m'\nraise ValueError(x)")
        await bench.press("enter")
        await bench.until("it raises ValueError: [red]")
        assert "\x1b" not in bench.text


async def test_r_runs_the_answer_by_hand_and_the_check_knows_nothing_of_it(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        await open_exercise(bench)
        await answer(bench, WRONG + "\n\n\ngrad_of_mean(torch.ones(2, 2))")
        await bench.press("r")
        await bench.until("tensor([[2.2500, 2.2500],")
        assert "Not yet" not in bench.text


async def test_start_over_asks_first(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        screen = await open_exercise(bench)
        await answer(bench, WRONG)
        await bench.press("u")
        await bench.until("Bring the author's text back?")
        await bench.press("escape")
        assert screen.session.source(0) == WRONG
        await bench.press("u")
        await bench.until("Bring the author's text back?")
        await bench.press("y")
        await bench.until(lambda: screen.session.source(0) == screen.effort.exercise.start)


async def test_the_other_language_keeps_the_answer_and_tells_the_verdict_in_it(
    dashboard: Callable[..., object],
) -> None:
    async with dashboard() as bench:
        screen = await open_exercise(bench)
        await answer(bench, WRONG)
        await bench.press("enter")
        await bench.until("✗ Not yet")
        await bench.press("L")
        await bench.until("✗ 还不行   2×2 的对了，别的形状不对。")
        assert "✓ 2×2 的 x" in bench.text
        assert screen.session.source(0) == WRONG


async def test_the_way_leads_from_the_last_page_to_the_exercises_and_on(dashboard: Callable[..., object]) -> None:
    async with dashboard() as bench:
        item = bench.app.plan.item("autograd")
        bench.app.open_page(item.pages[-1])
        await bench.until(f"{len(item.pages)}/{len(item.pages)}")
        await bench.press("n")
        await bench.until("Exercise 1")
        assert isinstance(bench.app.screen, ExerciseScreen)
        bench.app.turn_to(item.exercises[-1])
        await bench.until(item.exercises[-1].title)
        await bench.press("n")
        await bench.until("Building neural networks › 1 ")
        await bench.press("q")
        await bench.until("Learning plan")
        await bench.press("down", "down", "down", "e")
        await bench.until("Exercise 1")
