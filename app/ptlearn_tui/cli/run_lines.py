"""How a run goes, in lines of text: one that is drawn over on a terminal, and one for each epoch that stays."""

from __future__ import annotations

import shutil
import unicodedata
from collections import deque
from typing import TYPE_CHECKING, TextIO

from ptlearn_tui import events
from ptlearn_tui.cli.meanwhile import can_draw_over
from ptlearn_tui.doctor.report import gigabytes
from ptlearn_tui.locale import t
from ptlearn_tui.runs.notes import told
from ptlearn_tui.training import datasets

if TYPE_CHECKING:
    from collections.abc import Mapping

RECENT = 50
"""Steps whose mean is the loss that is shown: one batch alone jumps about."""


class RunLines:
    """Writes to `out`. Draws over its line only on a terminal that can; use as a context manager."""

    def __init__(self, out: TextIO, *, ascii_only: bool, environment: Mapping[str, str]) -> None:
        self._out = out
        self._live = can_draw_over(out, environment)
        encoding = (out.encoding or "ascii").lower()
        self._full, self._empty = "=-" if ascii_only or not encoding.startswith("utf") else "━─"
        self._run: events.Run | None = None
        self._losses: deque[float] = deque(maxlen=RECENT)
        self._began: tuple[int, float] | None = None  # step and time of the first that was seen
        self._step, self._time, self._speed, self._epoch_began = 0, 0.0, 0.0, 0.0

    def __enter__(self) -> RunLines:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()  # leave no half-drawn line behind, however it ended

    def begin(self) -> None:
        """Until the run has written something, which takes it some seconds."""
        if self._live:
            self._out.write(t("the run is starting"))
            self._out.flush()

    def show(self, batch: list[events.AnyEvent]) -> None:
        """Take in what the run has written since the last time."""
        for event in batch:
            match event:
                case events.Run():
                    self._run = event
                    self._epoch_began = _seconds(event)
                    self._line(*_opening(event))
                case events.Metric(name="loss"):
                    self._losses.append(float(event.value))
                    self._step, self._time = event.step, _seconds(event)
                    self._began = self._began or (event.step, self._time)
                case events.Timing():
                    self._speed = event.images_per_second
                case events.Eval():
                    self._line(self._epoch(event))
                case events.Note():
                    self._line(t("step {n}: {what}", n=event.step, what=told(event)))
                case events.End():
                    self._line(_ending(event))
                    return
        if self._live and self._run and self._step:
            self._draw(self._run)

    def _epoch(self, score: events.Eval) -> str:
        took, self._epoch_began = _seconds(score) - self._epoch_began, _seconds(score)
        return t(
            "epoch {n}   test loss {loss:.3f}   accuracy {accuracy:.2f} %   {seconds:.1f} s",
            n=score.epoch,
            loss=float(score.loss),
            accuracy=100 * score.accuracy,
            seconds=took,
        )

    def _draw(self, run: events.Run) -> None:
        """The one live line, as wide as the terminal at most: a line that wraps can't be drawn over."""
        epochs = run.config["epochs"]
        total = max(1, epochs * run.steps_per_epoch)
        done = self._step / total
        first_step, first_time = self._began or (0, 0.0)
        left = (total - self._step) * (self._time - first_time) / max(1, self._step - first_step)
        head = t("epoch {n} of {total}", n=min(epochs, (self._step - 1) // run.steps_per_epoch + 1), total=epochs)
        tail = "   ".join(
            [
                f"{done:4.0%}".replace("%", " %"),
                t("loss {value:.3f}", value=sum(self._losses) / len(self._losses)),
                t("{n} images/s", n=f"{self._speed:,.0f}".replace(",", " ")),
                t("{time} left", time=_clock(left)),
            ]
        )
        columns = shutil.get_terminal_size().columns - 1
        room = min(32, columns - cells(head) - cells(tail) - 4)
        bar = ""
        if room >= 4:
            full = round(done * room)
            bar = f"  {self._full * full}{self._empty * (room - full)}"
        line = f"{head}{bar}  {tail}"
        while cells(line) > columns:
            line = line[:-1]
        self._out.write(f"\r\x1b[K{line}")
        self._out.flush()

    def _line(self, *lines: str) -> None:
        self._clear()
        self._out.write("".join(line + "\n" for line in lines))
        self._out.flush()

    def _clear(self) -> None:
        if self._live:
            self._out.write("\r\x1b[K")
            self._out.flush()


def cells(text: str) -> int:
    """How many cells of a terminal the text takes: a Chinese character is two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _opening(run: events.Run) -> list[str]:
    """What is trained, on what, where."""
    data = run.data
    what, known = datasets.words(data), data["name"] in datasets.SETS
    if known:
        what = t("{which}, {n} images", which=what, n=f"{data['train']:,}".replace(",", " "))
    lines = [t("{id}: {what}, on {device}, seed {seed}", id=run.id, what=what, device=run.device, seed=run.seed)]
    if known and data["kind"] in datasets.MADE:
        lines.append(t("the whole set: {command}", command=f"ptlearn-tui data get {data['name']}"))
    return lines + [_gpu(gpu) for gpu in run.gpus if gpu.device != run.device]


def _gpu(gpu: events.Gpu) -> str:
    """One that the run is not on: its room, and who has the rest."""
    free, memory = gigabytes(gpu.free), gigabytes(gpu.memory)
    line = t("{device}: {free} of {memory} free", device=gpu.device, free=free, memory=memory)
    return line + ("; " + t("used by {users}", users=", ".join(gpu.users)) if gpu.users else "")


def _ending(end: events.End) -> str:
    if end.status == "failed":
        return t("failed: {message}", message=end.message)
    speed = f"{end.images_per_second:,.0f}".replace(",", " ")
    if end.status == "stopped":
        return t("stopped after {time}, {speed} images/s", time=_clock(end.seconds), speed=speed)
    return t("finished in {time}, {speed} images/s", time=_clock(end.seconds), speed=speed)


def _seconds(event: events.Event) -> float:
    return float(event.time) if isinstance(event.time, float | int | str) else 0.0


def _clock(seconds: float) -> str:
    """Minutes and seconds; hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
