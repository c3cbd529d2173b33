"""简体中文: the interface's strings, keyed by the English that stands in the code."""

from __future__ import annotations

from ptlearn_tui.locale.zh import commands, doctor, notes, practice, screens, training

TABLE: dict[str, str] = {
    **screens.TABLE,
    **commands.TABLE,
    **doctor.TABLE,
    **training.TABLE,
    **notes.TABLE,
    **practice.TABLE,
}
