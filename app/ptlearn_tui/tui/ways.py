"""How one screen leads to another: pages, exercises, runs, the plan, an editor."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from textual import work
from textual.app import App, SuspendNotSupported
from textual.reactive import reactive

from ptlearn_tui.course import practice
from ptlearn_tui.course.plan import Plan, load_plan
from ptlearn_tui.errors import RequestError
from ptlearn_tui.tui.screens.plan import PlanScreen

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.course.course import Course
    from ptlearn_tui.course.notes.notes import Notes
    from ptlearn_tui.course.plan import Item, PageEntry
    from ptlearn_tui.course.progress import Progress
    from ptlearn_tui.tui.open_lessons import OpenLessons


class Ways(App[None]):
    """What is read, in which language, and the ways there."""

    language: reactive[str] = reactive("en", init=False)
    notes: reactive[Notes | None] = reactive(None, init=False)  # what `open PATH` has opened, once it is read

    progress: Progress
    data_folder: str | None
    _lessons: OpenLessons

    @property
    def plan(self) -> Plan:
        """The course in the language in use."""
        return load_plan(self.language)

    def say(self, text: str, severity: str = "information") -> None:
        """A short word in the corner. Never markup: it may come from a learner, a file or PyTorch."""
        self.notify(text, markup=False, timeout=4, severity=severity)  # type: ignore[arg-type]

    def action_search(self) -> None:
        """Over all lessons; a search that is open already is gone back to."""
        from ptlearn_tui.tui.screens.search import SearchScreen

        if not (self.screen.is_modal or isinstance(self.screen, SearchScreen)):
            self.push_screen(SearchScreen())

    def course_of(self, page: PageEntry) -> Course:
        """Whose page it is: the notes', or the course's."""
        return self.notes if self.notes is not None and self.notes.file(page.item) else self.plan

    def open_plan(self) -> None:
        """The course, from the notes."""
        self.push_screen(PlanScreen())

    def open_item(self, item: Item) -> None:
        """Its first page that was not read; its first exercise that was not passed."""
        try:
            done = self.progress.pages_read() | practice.passed(self.progress)
        except sqlite3.Error:
            done = frozenset()
        entries = (*item.pages, *item.exercises)
        self.open_page(next((entry for entry in entries if entry.key not in done), item.pages[0]))

    def edit_file(self, path: Path, line: int) -> None:
        """In $EDITOR; what it wrote is noticed as any change on disk is."""
        from ptlearn_tui.tui import external_editor

        try:
            words = external_editor.command(path, line)
            with self.suspend():
                external_editor.edit(words)
        except (RequestError, OSError, SuspendNotSupported) as error:
            self.say(str(error), "error")
        self.refresh(layout=True)

    def open_page(self, page: PageEntry, *, question: str = "", words: str = "") -> None:
        """The lesson screen on that page: the one that is still there, with all it holds, or a new one.

        At a question, by its id, which is asked again; or where the words stand.
        """
        lesson = self._lessons.on(page)
        if lesson in self.screen_stack:  # a search was begun on that page
            while self.screen is not lesson:
                self.pop_screen()
        else:
            self.push_screen(lesson)
        if question or words:
            lesson.call_after_refresh(lesson.seek, question, words)

    def action_follow(self, file: str) -> None:
        """A link to another page of the course, as its author writes it: `03-autograd/07-leaves`."""
        page = next((each for each in self.plan.every if each.path.match(f"{file}.md")), None)
        if page is not None:
            self.open_page(page)

    def turn_to(self, page: PageEntry) -> None:
        """From one page to another: `q` leads from both to the plan."""
        self.switch_screen(self._lessons.on(page))

    @work(thread=True, group="runs", exit_on_error=False, description="start a training run")
    def start_run(self, recipe: str, **options: object) -> None:
        """A run process of its own; its screen opens once it lives."""
        from ptlearn_tui.runs.launch import start
        from ptlearn_tui.training import catalog

        try:
            folder = start(catalog.request(recipe, data=self.data_folder, **options))  # type: ignore[arg-type]
        except RequestError as error:
            self.call_from_thread(self.say, str(error), "error")
        else:
            self.call_from_thread(self.open_run, folder.name)

    def open_run(self, run: str) -> None:
        """The training screen on a run, live or ended."""
        from ptlearn_tui.tui.screens.training import TrainingScreen

        try:
            self.push_screen(TrainingScreen(run))
        except RequestError as error:  # it was removed meanwhile
            self.say(str(error), "error")
