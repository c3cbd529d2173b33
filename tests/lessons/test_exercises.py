"""Each exercise: its start fails, its solution passes whatever the seed, each wrong answer is told what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from ptlearn_tui.course.exercise import KINDS, Exercise, exercises
from ptlearn_tui.course.plan import PLAN_IDS
from ptlearn_tui.events import Done
from ptlearn_tui.kernel.attempt import Attempt
from ptlearn_tui.kernel.client import Server
from ptlearn_tui.kernel.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.kernel.client import Server

SEEDS = 20

EVERY = [exercise for item in PLAN_IDS for exercise in exercises(item, "en")]
every = pytest.mark.parametrize("exercise", EVERY, ids=lambda each: each.key)
FAILS = re.compile(r"\A# fails: (\w+)\n")


def wrong_answers(exercise: Exercise) -> list[Path]:
    return sorted(exercise.folder.glob("wrong_*.py"))


def judged(server: Server, exercise: Exercise, source: str, seed: int, limit: float = 10.0) -> Verdict:
    verdict = Verdict(exercise)
    for event in Attempt(source, exercise.checks, seed=seed, limit=limit).run(server):
        verdict.take(event)
    assert verdict.done is not None
    return verdict


def test_there_are_forty_of_every_kind_and_no_id_stands_twice() -> None:
    counts = Counter(exercise.item for exercise in EVERY)
    assert counts == {"setup": 4, "tensors": 12, "autograd": 12, "networks": 12}
    assert len({exercise.id for exercise in EVERY}) == len(EVERY)
    assert {exercise.kind for exercise in EVERY} == set(KINDS)


@every
def test_the_solution_passes_with_every_seed(server: Server, exercise: Exercise) -> None:
    for seed in range(SEEDS):
        verdict = judged(server, exercise, exercise.solution, seed)
        assert verdict.passed, (seed, verdict)
        assert list(verdict.checks) == [name for name, said in exercise.says.items() if said.label]


@every
def test_the_start_does_not_pass(server: Server, exercise: Exercise) -> None:
    verdict = judged(server, exercise, exercise.start, 0)
    assert not verdict.passed
    assert verdict.done == Done(cell=0, ok=False, seconds=verdict.done.seconds if verdict.done else 0), verdict.error


@every
def test_every_wrong_answer_is_rejected_for_what_is_wrong_with_it(server: Server, exercise: Exercise) -> None:
    answers = wrong_answers(exercise)
    assert len(answers) >= 3
    for path in answers:
        source = path.read_text("utf-8")
        says = FAILS.match(source)
        assert says, f"{path}: its first line is not `# fails: NAME`"
        assert judged(server, exercise, source, 0).message
        kernel = server.kernel()  # one for all other seeds: a fresh one each would take minutes
        for seed in range(SEEDS):
            verdict = Verdict(exercise)
            for event in kernel.examine(source, exercise.checks, seed):
                verdict.take(event)
            assert not verdict.passed, (path, seed)
            assert verdict.failing is not None, (path, seed, verdict)
            assert verdict.failing.says == says[1], (path, seed, verdict.failing)
        kernel.kill()


@every
def test_both_languages_say_the_same_things(exercise: Exercise) -> None:
    (chinese,) = [each for each in exercises(exercise.item, "zh") if each.id == exercise.id]
    assert (chinese.number, chinese.minutes, chinese.kind) == (exercise.number, exercise.minutes, exercise.kind)
    assert list(chinese.says) == list(exercise.says)
    assert len(chinese.hints) == len(exercise.hints)
    for each in (exercise, chinese):
        assert each.kind in KINDS
        assert each.folder.name == f"{each.number:02}-{each.id}"
        assert cell_len(each.title) <= 34
        assert all(cell_len(said.label) <= 18 for said in each.says.values())
        assert all(said.message for said in each.says.values())
        assert 1 <= len(each.hints) <= 3
        assert len(set(each.hints)) == len(each.hints)
    assert chinese.title != exercise.title


@pytest.mark.parametrize("name", ["start.py", "solution.py"])
@every
def test_its_code_fits_on_the_screen(exercise: Exercise, name: str) -> None:
    lines = (exercise.folder / name).read_text("utf-8").rstrip("\n").split("\n")
    assert max(map(cell_len, lines)) <= 66
    assert len(lines) <= 40
