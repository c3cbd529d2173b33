"""What was done to a run, in words: for the dashboard and the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from ptlearn_tui.events import Note


def told(note: Note) -> str:
    """What, and by whom or to what: ``learning rate 0.02 → 0.01 alice``."""
    words = {
        "pause": t("paused"),
        "go on": t("goes on"),
        "rate": t("learning rate"),
        "stop": t("stopped"),
        "resume": t("resumed"),
        "look": t("looked into"),
        "compile": t("torch.compile works for about a minute before the first step"),
    }
    return f"{words.get(note.action, note.action)} {note.text}".rstrip()
