"""What became of an answer: the checks that hold, the smallest input that fails, and what that says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptlearn_tui.events import Check, Done, Error, Failing, Shown
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from ptlearn_tui.course.exercise import Exercise
    from ptlearn_tui.events import AnyEvent


@dataclass
class Verdict:
    """Filled by the events of an attempt, in order."""

    exercise: Exercise
    checks: dict[str, bool] = field(default_factory=dict)  # those that were reached
    failing: Failing | None = None
    error: Error | None = None
    done: Done | None = None

    def take(self, event: AnyEvent) -> None:
        """One more event; those that say nothing of the answer are passed over."""
        match event:
            case Check(name=name, ok=ok):
                self.checks[name] = ok
            case Failing():
                self.failing = event
            case Error():
                self.error = event
            case Done():
                self.done = event

    @property
    def passed(self) -> bool:
        """Whether every check holds."""
        return self.done is not None and self.done.ok

    @property
    def labels(self) -> list[tuple[str, bool | None]]:
        """Every check in a word or two, in order, and whether it holds; None for one that was not reached."""
        return [(said.label, self.checks.get(name)) for name, said in self.exercise.says.items() if said.label]

    @property
    def values(self) -> list[tuple[str, Shown]]:
        """What the failing check has seen: "input", "expected", "got"."""
        failing = self.failing
        if failing is None or failing.says == "missing":
            return []
        seen = [("expected", failing.expected), ("got", failing.got)]
        return [("input", each) for each in failing.inputs] + [(role, each) for role, each in seen if each is not None]

    @property
    def message(self) -> str:
        """In a sentence, in the language in use: the exercise's own words where it has some."""
        says = self.exercise.says
        match self.failing:
            case Failing(says="missing", expected=name):
                return t("your code does not give {name} a value yet", name=name.text if name else "")
            case Failing(says="raises"):
                pass
            case Failing(got=Shown(text="None"), expected=Shown(text=text)) if text != "None":
                return t("it gives None: does your function return what it makes?")
            case Failing(says=key, name=name):
                return says[key].message if key in says else says[name].message
        if self.passed:
            return t("every check holds")
        if self.error is not None:
            return t("it raises {kind}: {message}", kind=self.error.kind, message=self.error.message)
        if self.done is not None and self.done.died and not self.done.died.startswith("killed"):
            return t("it ended the kernel ({how})", how=self.done.died)
        return t("it had not ended after {n} s", n=round(self.done.seconds) if self.done else 0)
