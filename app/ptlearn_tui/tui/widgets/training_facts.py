"""The numbers beside the curve: test scores, where a step's time goes, gradients; in a low window six lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from ptlearn_tui.events import Note
from ptlearn_tui.locale import t
from ptlearn_tui.plain import safe
from ptlearn_tui.runs.notes import told
from ptlearn_tui.tui.text import duration, fit, spread, thousands, wrap
from ptlearn_tui.tui.theme import ACCENT, BAD, FAINT, GOOD, MUTED, STRONG, WARN
from ptlearn_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from ptlearn_tui.tui.run_view import RunView

BAR = 14  # cells
_BARS = "▁▂▃▄▅▆▇█"


class Facts(Lines):
    """The right column of a wide window."""

    DEFAULT_CSS = "Facts { width: 40; height: 100%; }"

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view

    def lay(self, width: int) -> list[Content]:
        """What is not known yet is not there."""
        return self._scores() + self._step() + self._gradients()

    def _scores(self) -> list[Content]:
        view = self.view
        if view.run is None or not view.run.data.get("test"):
            return []
        lines = [
            Content.styled(t("Test set"), STRONG),
            Content.styled(f"{fit(t('epoch'), 8)}{_right(t('loss'), 8)}{_right(t('accuracy'), 13)}", MUTED),
        ]
        for epoch in sorted(view.evals)[-6:]:
            score = view.evals[epoch]
            lines.append(Content(f"{epoch:>3}     {float(score.loss):>8.3f}{100 * score.accuracy:>11.2f} %"))
        left = view.to_epoch_end
        if left is not None and view.epoch not in view.evals:
            when = t("in {n} s", n=round(left)) if left < 100 else t("in {time}", time=duration(left))
            lines.append(Content.assemble(f"{view.epoch:>3}     ", (_right(when, 8), MUTED)))
        return [*lines, Content()]

    def _step(self) -> list[Content]:
        timing = self.view.timing
        if timing is None:
            return []
        parts = phases(self.view)
        total = sum(time for _, time in parts) or 1.0
        lines = [
            Content.assemble((t("A step"), STRONG), (" " + t("takes") + " ", MUTED), f"{total:.1f} ms"),
        ]
        for name, time in parts:
            filled = round(BAR * time / total)
            bar = (("━" * filled, ACCENT), ("─" * (BAR - filled), FAINT))
            lines.append(Content.assemble((fit(name, 10), MUTED), *bar, f"{time:>6.1f}"))
        return [*lines, Content()]

    def _gradients(self) -> list[Content]:
        view = self.view
        if not view.norms:
            return []
        lines = [Content.assemble((t("Gradients"), STRONG), (" " + t("norm, newest last"), MUTED))]
        layers = list(view.norms.items())[:6]
        room = min(12, max(7, *(cell_len(layer) + 1 for layer, _ in layers)))
        for layer, norms in layers:
            most = max(norms) or 1.0
            bars = "".join(_BARS[min(7, int(7.99 * norm / most))] for norm in norms if norm == norm)
            lines.append(Content.assemble((fit(safe(layer), room), MUTED), fit(bars, 13), f"{norms[-1]:>6.2f}"))
        return lines


def phases(view: RunView) -> list[tuple[str, float]]:
    """Where a step's milliseconds go."""
    timing = view.timing
    if timing is None:
        return []
    return [
        (t("data"), timing.data),
        (t("forward"), timing.forward),
        (t("backward"), timing.backward),
        (t("update"), timing.update),
    ]


def _right(text: str, width: int) -> str:
    padded = fit(text, width)
    return padded[len(text) :] + text


class Summary(Lines):
    """The same in the lines below the curve of a low or narrow window."""

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view

    def lay(self, width: int) -> list[Content]:
        """Test scores, the step, the newest word."""
        view = self.view
        lines: list[Content] = []
        label = 7
        scores = [f"{epoch}  {100 * view.evals[epoch].accuracy:.2f} %" for epoch in sorted(view.evals)[-4:]]
        left = view.to_epoch_end
        if left is not None and view.epoch not in view.evals:
            scores.append(f"{view.epoch}  " + t("in {n} s", n=round(left)))
        right = Content.assemble((t("rate") + " ", MUTED), f"{view.rate:.3g} ") if view.rate is not None else Content()
        if view.run is not None and view.run.data.get("test"):
            test = Content.assemble(" ", (fit(t("test"), label), MUTED), "    ".join(scores) or t("after each epoch"))
            lines.append(spread(test, right, width))
        if view.timing is not None:
            parts = phases(view)
            total = sum(time for _, time in parts)
            words: list[str | tuple[str, str]] = [f"{total:.1f} ms", (" = ", MUTED)]
            for name, time in parts:
                words += [(f" {name} ", MUTED), f"{time:.1f} "]
            lines.append(Content.assemble(" ", (fit(t("step"), label), MUTED), *words))
        return lines


class Captions(Lines):
    """What happened and what it means, the newest last; how the run ended."""

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view
        self.most = 3

    def lay(self, width: int) -> list[Content]:
        """A line each."""
        view = self.view
        margin = "   " if width >= 100 else " "
        lines: list[Content] = []
        for note in view.notes[-2:]:
            words = safe(told(note) if isinstance(note, Note) else note.message)
            step = getattr(note, "step", view.step)
            lines.append(Content.assemble(margin, (fit(t("step {n}", n=thousands(step)), 13), MUTED), words))
        caption = view.caption()
        if caption is not None and view.end is None and not view.lost:
            text, role = caption
            head = fit(t("epoch {n}", n=max(view.evals)), 13)
            lines.append(Content.assemble(margin, (head, MUTED), (text, GOOD if role == "good" else WARN)))
        if view.end is None and not view.lost:
            return lines[-self.most :]
        # Why it has failed is told whole, however low the window: what is said before it goes first.
        last = wrap(ending(view), width - 2 * len(margin))
        return [*lines[len(lines) - self.most + 1 :], *(Content.assemble(margin, line) for line in last)]


def ending(view: RunView) -> Content:
    """How the run has ended, in a few words, or what to do where it was lost; nothing while it goes on."""
    if view.end is None:
        run = view.run.id if view.run else ""
        words = t("it goes on from its last checkpoint: {command}", command=f"ptlearn-tui train --resume {run}")
        if not view.saved:
            words = t("{id} has no checkpoint to go on from; start it anew", id=run)
        return Content.styled(words if view.lost else "", BAD)
    match view.end.status:
        case "finished":
            score = view.evals.get(max(view.evals)) if view.evals else None
            words = t("finished")
            if score is not None:
                words = t("finished: {n} % of the test set is right", n=f"{100 * score.accuracy:.2f}")
            return Content.styled(words, GOOD)
        case "stopped":
            return Content.styled(t("stopped at step {n}", n=thousands(view.step)), WARN)
    return Content.assemble((t("failed") + "  ", BAD), safe(view.end.message))
