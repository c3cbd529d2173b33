"""What a lesson's header says: where we are, and how the kernel is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.screens.base import WIDE
from ptlearn_tui.tui.text import memory
from ptlearn_tui.tui.theme import BAD, GOOD, MUTED, WARN
from ptlearn_tui.tui.widgets.bars import crumbs

if TYPE_CHECKING:
    from ptlearn_tui.course.course import Course
    from ptlearn_tui.course.plan import PageEntry
    from ptlearn_tui.tui.session import Session

WIDER = 120  # columns from which the limit has room


def title(course: Course, entry: PageEntry, room: int) -> Content:
    """`Plan › Autograd › 3 Backward from a scalar`; without the first where there is no room for it."""
    parts = [safe(part) for part in course.crumbs(entry)]
    whole = crumbs(t("Plan"), *parts)
    return whole if whole.cell_length <= room else crumbs(*parts)


def place(course: Course, entry: PageEntry, *, wide: bool) -> Content:
    """`page 3 of 11 · 5 min`, or `3/11`."""
    minutes, pages = t("{n} min", n=entry.minutes), course.beside(entry)
    if not pages:
        return Content.styled(minutes, MUTED)
    if not wide:
        return Content.styled(f"{entry.number}/{pages}", MUTED)
    if entry.is_exercise:
        words = t("exercise {n} of {total}", n=entry.number, total=pages)
    else:
        words = t("page {n} of {total}", n=entry.number, total=pages)
    return Content.styled(f"{words} · {minutes}", MUTED)


def kernel(session: Session, torch_state: str, seconds: float, width: int) -> Content:
    """`kernel ready · 212 MB of 18 GB · 3 s CPU`, so far as the window is wide; while torch loads, for how long."""
    match torch_state:
        case "loading":
            return Content.styled(t("torch is loading, {n} s", n=int(seconds)), MUTED)
        case "failed":
            return Content.styled(t("torch does not load"), BAD)
    alive = session.kernel is not None and session.kernel.alive
    if session.running is not None:
        state = (t("busy"), WARN)
    elif session.kernel is not None and not alive:
        state = (t("ended"), BAD)
    else:
        state = (t("ready"), GOOD)
    words = Content.assemble((t("kernel "), MUTED), state)
    if width >= WIDE and alive and session.kernel is not None:
        held, limit = memory(session.kernel.memory()), session.kernel.limit
        if limit and width >= WIDER:
            held = t("{held} of {limit}", held=held, limit=memory(limit).replace(".0 ", " "))
        words += Content.styled(f" · {held} · {t('{n} s CPU', n=int(session.kernel.cpu()))}", MUTED)
    return words
