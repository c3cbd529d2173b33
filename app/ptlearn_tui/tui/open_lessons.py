"""The lesson screens that are there: with all they hold, and the kernels of the last few."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptlearn_tui.course.plan import PageEntry
    from ptlearn_tui.tui.app import Dashboard
    from ptlearn_tui.tui.screens.lesson import LessonScreen

KEPT = 3  # lessons whose kernels are kept when they are left


class OpenLessons:
    """One screen for whatever shares a kernel: a page of the course, a file of notes."""

    def __init__(self, dashboard: Dashboard) -> None:
        self._dashboard = dashboard
        self._screens: OrderedDict[str, LessonScreen] = OrderedDict()

    def on(self, page: PageEntry) -> LessonScreen:
        """The screen that shows the page: the one that is still there, or a new one."""
        from ptlearn_tui.tui.screens.exercise import ExerciseScreen
        from ptlearn_tui.tui.screens.lesson import LessonScreen
        from ptlearn_tui.tui.screens.notes_lesson import NotesLessonScreen

        dashboard = self._dashboard
        course = dashboard.course_of(page)
        unit = course.unit(page)
        if unit in self._screens:
            self._screens.move_to_end(unit)
            self._screens[unit].open_here(page)
            return self._screens[unit]
        kind = LessonScreen if course is dashboard.plan else NotesLessonScreen
        if page.is_exercise:
            kind = ExerciseScreen
        lesson = self._screens[unit] = kind(course, page)
        dashboard.install_screen(lesson, f"lesson {unit}")
        self._put_away()
        return lesson

    def _put_away(self) -> None:
        for unit in list(self._screens)[:-KEPT]:
            if self._screens[unit] is not self._dashboard.screen:
                old = self._screens.pop(unit)
                old.session.kill()
                self._dashboard.uninstall_screen(old)
