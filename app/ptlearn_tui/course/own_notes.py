"""What a learner has made of a course, as notes of their own: plan, topics, code, what it printed, remarks.

The form is that of any study notes, so that `open` reads it back: a list of boxes, a heading for each item, a bullet
for each page, a fence for each cell.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui.course.notes.document import closed, fence
from ptlearn_tui.course.notes.load import load
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptlearn_tui.course.course import Course
    from ptlearn_tui.course.plan import PageEntry, Plan
    from ptlearn_tui.course.progress import Progress


def own_notes(plan: Plan, progress: Progress) -> str:
    """One Markdown document; the same for the same progress. Raises `sqlite3.Error`, OSError, UnicodeDecodeError."""
    done, remarks = progress.ticked(), progress.remarks()
    boxes = "\n".join(f"- [{'x' if item.id in done else ' '}] {item.title}" for item in plan.items)
    parts = [f"# {t('My PyTorch notes')}", "---", f"## {t('Learning plan')}", boxes, "---"]
    told: set[str] = set()

    def chapter(title: str, course: Course, pages: tuple[PageEntry, ...]) -> None:
        topics = [topic for page in pages if (topic := _topic(course, page, progress, remarks.get(page.key, "")))]
        told.update(page.key for page in pages)
        if topics:
            parts.extend([f"## {_line(title)}", *topics])

    chapter(plan.start.title, plan, (plan.start,))
    for item in plan.items:
        chapter(item.title, plan, (*item.pages, *item.exercises))
    for path in _noted({*progress.worked_on(), *(key.rpartition("/")[0] for key in remarks)}):
        try:
            notes = load(path)
        except RequestError:
            continue  # it is gone, or is no text any more; its remarks are told below
        for file in notes.files:
            chapter(file.title, notes, file.pages)
    rest = [f"- {_line(key)}\n\n{closed(safe(text))}" for key, text in sorted(remarks.items()) if key not in told]
    if rest:
        parts += [f"## {t('Remarks on other pages')}", *rest]
    return "\n\n".join(parts) + "\n"


def _topic(course: Course, page: PageEntry, progress: Progress, remark: str) -> str:
    """A page that the learner has worked on; nothing where there is no trace of them."""
    cells = list(_cells(course, page, progress))
    if not cells and not remark:
        return ""
    return "\n\n".join([f"- {_line(page.title)}", *cells, *([closed(safe(remark))] if remark else [])])


def _cells(course: Course, page: PageEntry, progress: Progress) -> Iterator[str]:
    """Those that were changed, added, or have printed something, each with that."""
    unit, slots = course.unit(page), course.slots(page)
    added = progress.scratch(unit)
    own = progress.outputs(f"{unit}#yours")
    for cell in course.read(page).cells:
        slot, number = slots[cell.index]
        source = progress.edits(slot).get(number, cell.source)
        output = progress.outputs(slot).get(number)
        if source != cell.source or output is not None:
            yield _cell(source, output.text if output is not None and output.source == source else "")
        for each in added:
            if cell.index <= each.place < cell.index + 1 and each.source.strip():
                printed = own.get(each.id)
                yield _cell(each.source, printed.text if printed and printed.source == each.source else "")


def _cell(source: str, printed: str) -> str:
    code = fence("python", safe(source))
    return f"{code}\n\n{fence('text', safe(printed))}" if printed.strip() else code


def _line(text: str) -> str:
    return " ".join(safe(text).split())


def _noted(keys: set[str]) -> list[Path]:
    """Files of notes that were opened here and worked on."""
    files = {key.partition("#")[0] for key in keys}
    paths = sorted(Path(key).expanduser() for key in files if key.startswith(("~/", "/")))
    return [path for path in paths if path.is_file()]
