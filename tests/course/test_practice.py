"""What was missed comes back after 1, 3, 7 and 21 days, and a miss begins anew."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ptlearn_tui.course.practice import DAYS, due, passed, question, standings
from ptlearn_tui.course.progress import Attempt, Progress

if TYPE_CHECKING:
    from pathlib import Path

FIRST = datetime(2026, 3, 1, 20, 0)  # in the evening
WHAT = question("autograd/scalar", "mean")


def at(day: float, ok: bool, what: str = WHAT) -> Attempt:
    return Attempt(f"{what}{day}", what, "1", ok, (FIRST + timedelta(days=day)).timestamp())


def comes_back(*attempts: Attempt) -> int | None:
    """Days from the first day until it does."""
    found = standings(attempts)[WHAT].due
    return None if found is None else (found - FIRST.date()).days


def test_what_was_right_at_once_never_comes_back() -> None:
    assert comes_back(at(0, True)) is None
    assert comes_back(at(0, True), at(3, True)) is None


def test_a_miss_comes_back_after_1_3_7_and_21_days_and_then_no_more() -> None:
    assert DAYS == (1, 3, 7, 21)
    history = [at(0, False)]
    for wait in DAYS:
        last = (datetime.fromtimestamp(history[-1].changed).date() - FIRST.date()).days
        assert comes_back(*history) == last + wait
        history.append(at(last + wait, True))
    assert comes_back(*history) is None


def test_put_right_on_the_same_day_it_comes_back_all_the_same() -> None:
    assert comes_back(at(0, False), at(0.01, True)) == 1


def test_a_day_is_one_of_the_calendar() -> None:
    assert due(standings([at(0, False)]), (FIRST + timedelta(hours=3)).date()) == []
    assert due(standings([at(0, False)]), (FIRST + timedelta(hours=5)).date()) == [WHAT], "in the morning"


def test_a_miss_on_the_way_begins_anew() -> None:
    assert comes_back(at(0, False), at(1, True), at(4, False)) == 5
    assert comes_back(at(0, False), at(1, True), at(4, True), at(11, True), at(32, False)) == 33


def test_late_is_not_lost() -> None:
    assert comes_back(at(0, False), at(100, True)) == 103


def test_what_is_longest_overdue_comes_first() -> None:
    other = "exercise autograd/grad-of-mean"
    found = standings([at(0, False, other), at(1, False)])
    assert due(found, date(2026, 3, 1)) == []
    assert due(found, date(2026, 3, 2)) == [other]
    assert due(found, date(2026, 4, 1)) == [other, WHAT]


def test_an_exercise_that_was_passed_once_stays_so(tmp_path: Path) -> None:
    with Progress(tmp_path / "p") as progress:
        for ok in (False, True, False):
            progress.attempt("exercise autograd/mean", "", ok=ok)
        progress.attempt("exercise autograd/other", "", ok=False)
        progress.attempt(WHAT, "1", ok=True)
        assert passed(progress) == {"exercise autograd/mean"}
        standing = standings(progress.attempts("exercise autograd/mean"))["exercise autograd/mean"]
        assert (standing.tries, standing.failed, standing.passed, standing.ok) == (3, 2, True, False)
