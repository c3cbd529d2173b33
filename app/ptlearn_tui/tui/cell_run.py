"""The training run of a cell, and what the cell says of it. The run is a process of its own: this only looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.runs.folder import log_file
from ptlearn_tui.tui.run_follow import LIVE
from ptlearn_tui.tui.run_view import RunView
from ptlearn_tui.tui.text import thousands, wrap
from ptlearn_tui.tui.theme import BAD, GOOD, MUTED, WARN
from ptlearn_tui.tui.widgets.training_facts import ending

if TYPE_CHECKING:
    from pathlib import Path

    from ptlearn_tui.events import AnyEvent


@dataclass(eq=False)
class CellRun:
    """As far as the page has heard."""

    folder: Path | None = None  # None until its process lives
    status: str = "starting"  # then as `runs.summary` has it; "refused" where it could not be started
    why: str = ""  # it was refused
    view: RunView = field(default_factory=RunView)

    @property
    def live(self) -> bool:
        """Whether it is starting, runs, or is paused."""
        return self.status == "starting" or self.status in LIVE

    def take_in(self, events: list[AnyEvent], status: str) -> bool:
        """What is new in its log; whether anything has changed."""
        changed = self.view.apply(events, status) or status != self.status
        self.status = status
        return changed

    # ---- in words ----------------------------------------------------------------------------------------------

    def state(self) -> Content:
        """A few words for the cell's first line."""
        view = self.view
        match self.status:
            case "refused":
                return Content.styled(t("not started"), BAD)
            case "paused":
                return Content.styled(t("PAUSED at step {n}", n=thousands(view.step)), WARN)
            case "failed":
                return Content.styled(t("failed"), BAD)
            case "lost":
                return Content.styled(t("lost: its process is gone"), BAD)
            case "finished" | "stopped":
                return ending(view)
        if not view.step:
            return Content.styled(t("the run is starting"), WARN)
        where = [t("epoch {n} of {total}", n=view.epoch, total=view.epochs), t("step {n}", n=thousands(view.step))]
        return Content.assemble((t("live"), GOOD), " · ", " · ".join(where))

    def below(self, width: int) -> list[Content]:
        """Why it did not start or has failed, and which run on which data it is: for the foot of the cell."""
        lines = [line for text in self._wrong() for line in wrap(Content.styled(safe(text), BAD), width)]
        if self.folder is not None:
            where = f" · {self.view.run.device}" if self.view.run else ""
            words = f"{safe(self.folder.name)}   {self.view.data_words}{where}".rstrip()
            lines.append(Content.styled(words, MUTED).truncate(width, ellipsis=True))
        return lines

    def _wrong(self) -> list[str]:
        match self.status:
            case "refused":
                return [self.why]
            case "failed" if self.view.end is not None:
                return [self.view.end.message]
            case "lost" if self.folder is not None:
                log = log_file(self.folder)
                return [t("the run's process is gone: killed, or out of memory (what it printed: {log})", log=log)]
        return []
