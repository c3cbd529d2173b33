"""An exercise: its task, its hints, what is said when a check fails; and how far an answer has come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ptlearn_tui.course.page import Cell, Page, parse
from ptlearn_tui.course.plan import EXERCISE, PLAN_IDS, front_matter, lessons_folder

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.course.plan import PageEntry

KINDS = ("write", "predict", "repair", "spot", "speed")

_CHECK = re.compile(r"`(\w+)`\s*(.*?)\s*[:：]\s*(.*)", re.DOTALL)
_ITEM = re.compile(r"^(?:-|\d\.) +(.+(?:\n  +.+)*)", re.MULTILINE)


class Said(NamedTuple):
    """What an exercise has to say of a check."""

    label: str  # in a word or two; empty for a message that several checks share
    message: str  # when it fails


@dataclass(frozen=True)
class Exercise:
    """In one language."""

    item: str
    id: str
    number: int  # 1-based, within the item
    title: str
    minutes: int
    kind: str  # one of KINDS
    task: str  # Markdown
    says: dict[str, Said]  # by the check's name, in order
    hints: tuple[str, ...]
    folder: Path
    language: str

    @property
    def key(self) -> str:
        """`autograd/grad-of-mean`: on the command line and in the progress store."""
        return f"{self.item}/{self.id}"

    @property
    def page(self) -> str:
        """Where the learner's answer is kept in the progress store, as cell 0."""
        return EXERCISE + self.key

    @property
    def start(self) -> str:
        """What the learner begins with. Raises OSError."""
        return (self.folder / "start.py").read_text("utf-8").rstrip("\n")

    @property
    def solution(self) -> str:
        """One that passes. Raises OSError."""
        return (self.folder / "solution.py").read_text("utf-8").rstrip("\n")

    @property
    def checks(self) -> Path:
        """The file whose functions try an answer."""
        return self.folder / "check.py"


def read_exercise(item: str, folder: Path, language: str) -> Exercise:
    """The exercise of a folder. Raises OSError, UnicodeDecodeError, ValueError for a file that is not in the form."""
    text = (folder / f"{language}.md").read_text("utf-8")
    fields, begin = front_matter(text)
    task, *sections = re.split(r"^## .+\n", text[begin:], flags=re.MULTILINE)
    if len(sections) != 2:
        raise ValueError(f"{folder}: a task, then the sections of checks and of hints")
    says = {}
    for item_text in _ITEM.findall(sections[0]):
        found = _CHECK.fullmatch(_joined(item_text, language))
        if found is None:
            raise ValueError(f"{folder}: {item_text!r} is not: `check` label: message")
        says[found[1]] = Said(found[2], found[3])
    return Exercise(
        item=item,
        id=str(fields["id"]),
        number=int(folder.name[:2]),
        title=str(fields["title"]),
        minutes=int(fields["minutes"]),
        kind=str(fields["kind"]),
        task=task.strip("\n"),
        says=says,
        hints=tuple(_joined(hint, language) for hint in _ITEM.findall(sections[1])),
        folder=folder,
        language=language,
    )


def _joined(text: str, language: str) -> str:
    return re.sub(r"\s*\n\s*", "" if language == "zh" else " ", text).strip()


@cache
def exercises(item: str, language: str) -> tuple[Exercise, ...]:
    """All of an item, in order."""
    folders = sorted(path.parent for path in (lessons_folder() / "exercises" / item).glob("[0-9][0-9]-*/check.py"))
    return tuple(read_exercise(item, folder, language) for folder in folders)


def find(wanted: str, language: str) -> Exercise | None:
    """By its key, or by its id alone."""
    every = (exercise for item in PLAN_IDS for exercise in exercises(item, language))
    return next((each for each in every if wanted in (each.key, each.id)), None)


def of_entry(entry: PageEntry, language: str) -> Exercise:
    """The exercise that an entry of the plan stands for. Raises as `read_exercise`."""
    return read_exercise(entry.plan_id, entry.path.parent, language)


def exercise_page(entry: PageEntry, language: str) -> Page:
    """The task, and a cell with what the learner begins with. Raises as `read_exercise`."""
    exercise = of_entry(entry, language)
    cell = Cell(index=0, source=exercise.start, tags=frozenset({"exercise"}), id=exercise.id)
    return Page(exercise.title, (*parse(exercise.task).blocks, cell))
