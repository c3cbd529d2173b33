"""What comes back: a missed question or exercise after 1, 3, 7 and 21 days, as in Leitner's box of cards.

Leitner, S.: So lernt man lernen (1972): a card that is known moves on to a box that is looked at more rarely, one that
is missed goes back to the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui.course.plan import EXERCISE, load_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ptlearn_tui.course.exercise import Exercise
    from ptlearn_tui.course.plan import PageEntry, Plan
    from ptlearn_tui.course.progress import Attempt, Progress

DAYS = (1, 3, 7, 21)
MINUTES = 2  # that a question takes, its page looked at again

QUESTION = "question "


@dataclass
class Standing:
    """How somebody stands with one question or exercise."""

    tries: int = 0
    failed: int = 0
    passed: bool = False  # once, whenever
    given: str = ""  # the last answer
    ok: bool = False  # whether that was right
    box: int | None = None  # 0..3; None: it does not come back
    due: date | None = None

    def take(self, ok: bool, given: str, day: date) -> None:
        """One more attempt."""
        self.tries += 1
        self.failed += not ok
        self.passed |= ok
        self.given, self.ok = given, ok
        if not ok:
            self.box = 0
        elif self.box is None or self.due is None or day < self.due:
            return  # right at once; or put right on the same day, which does not show that it stays
        else:
            self.box = self.box + 1 if self.box + 1 < len(DAYS) else None
        self.due = None if self.box is None else day + timedelta(days=DAYS[self.box])


def question(page: str, id: str) -> str:
    """Its name in the store; `page` is `item/page`."""
    return f"{QUESTION}{page}#{id}"


def standings(attempts: Iterable[Attempt]) -> dict[str, Standing]:
    """By what was asked; `attempts` in the order of time."""
    found: dict[str, Standing] = {}
    for each in attempts:
        found.setdefault(each.what, Standing()).take(each.ok, each.given, date.fromtimestamp(each.changed))
    return found


def due(found: Mapping[str, Standing], today: date) -> list[str]:
    """What comes back today, the longest overdue first."""
    late = [(each.due, what) for what, each in found.items() if each.due is not None and each.due <= today]
    return [what for _, what in sorted(late)]


class Back(NamedTuple):
    """Something that comes back today."""

    entry: PageEntry  # of its page; the exercise's own
    question: str  # its id on the page; "" of an exercise
    minutes: int
    since: date


def come_back(plan: Plan, found: Mapping[str, Standing], day: date) -> list[Back]:
    """The longest overdue first. What is on no page of the course (any more) is passed over."""
    pages = {page.key: page for page in plan.every}
    rows: list[Back] = []
    for what in due(found, day):
        key, _, id = what.removeprefix(QUESTION).partition("#")
        entry, since = pages.get(key), found[what].due
        if entry is not None and since is not None:
            rows.append(Back(entry, id, entry.minutes if entry.is_exercise else MINUTES, since))
    return rows


def today(progress: Progress) -> date:
    """By the store's clock, here."""
    return date.fromtimestamp(progress.now)


def note(progress: Progress, one: Exercise, *, ok: bool) -> bool:
    """Keep an attempt at an exercise; whether it was the last of its item to be passed, which ticks the item.

    Raises `sqlite3.Error`.
    """
    before = passed(progress)
    progress.attempt(one.page, "", ok=ok)
    missing = {each.key for each in load_plan(one.language).item(one.item).exercises} - before
    if not ok or missing != {one.page}:
        return False
    progress.tick(one.item, done=True)
    return True


def passed(progress: Progress) -> frozenset[str]:
    """The exercises that were passed, by their entries' keys. Raises `sqlite3.Error`."""
    return frozenset(each.what for each in progress.attempts() if each.ok and each.what.startswith(EXERCISE))
