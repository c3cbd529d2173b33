"""A run's numbers as one long table, a row a number: what spreadsheets, pandas and TensorBoard want of it."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, dataclass, field, fields
from typing import TYPE_CHECKING

from msgspec import UNSET

from ptlearn_tui import events
from ptlearn_tui.runs.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One number. The columns of the table, in this order."""

    time: float  # seconds of training since the run began; the time between a stop and its resume is not counted
    step: int  # 1-based; 0 is before any training
    epoch: int | None  # likewise; None where the log does not say how many steps an epoch has
    name: str
    value: float  # may be nan, inf or -inf


@dataclass(frozen=True)
class Table:
    """All of a run that is a number, by step.

    Names: a metric's own (``loss``, ``rate``); ``test/loss`` in nats and ``test/accuracy``, 0..1, for each split;
    ``timing/images_per_second`` and ``timing/data_ms``, ``forward_ms``, ``backward_ms``, ``update_ms``;
    ``gradient/LAYER``, a norm.
    """

    run: events.Run | None  # the latest; None where the log has none
    rows: tuple[Row, ...]


def read(folder: Path) -> Table:
    """What the run has written so far, alive or not; no rows where there is no number yet.

    Where a step stands twice, the later line counts. What a resume has undone, since it went back to a checkpoint, is
    left out, as on the screen.
    """
    reading = _Reading()
    for event in Tail(folder).read():
        reading.take(event)
    # Losses are logged in batches, with the rate behind them; the order within a step stays the log's.
    return Table(reading.run, tuple(sorted(reading.rows.values(), key=lambda row: row.step)))


def as_csv(table: Table) -> str:
    """The table with a line of headings. Lines end in a line feed alone: `cut`, `awk` and `join` want it so."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.name for column in fields(Row))
    writer.writerows(map(astuple, table.rows))
    return text.getvalue()


@dataclass
class _Reading:
    """How far the log has been read."""

    run: events.Run | None = None
    time: float = 0.0  # of the newest event that has one
    step: int = 0
    rows: dict[tuple[str, int], Row] = field(default_factory=dict)  # by name and step

    def take(self, event: events.AnyEvent) -> None:
        if event.time is not UNSET:
            self.time = float(event.time)
        match event:
            case events.Run():
                self.run = event
            case events.Note(action="resume", step=step):
                self.step = step
                self.rows = {key: row for key, row in self.rows.items() if row.step <= step}
            case events.Metric(name=name, step=step, value=value):
                self.step = step
                self._add(step, self._epoch(step), {name: value})
            case events.Eval(split=split, epoch=epoch, loss=loss, accuracy=accuracy):
                # It says its epoch only. Every step before it is in the log by then.
                self._add(self.step, epoch, {f"{split}/loss": loss, f"{split}/accuracy": accuracy})
            case events.Timing(step=step):
                self._add(step, self._epoch(step), _timings(event))

    def _epoch(self, step: int) -> int | None:
        return -(-step // self.run.steps_per_epoch) if self.run and self.run.steps_per_epoch else None

    def _add(self, step: int, epoch: int | None, values: Mapping[str, events.Number]) -> None:
        for name, value in values.items():
            self.rows[name, step] = Row(self.time, step, epoch, name, float(value))


def _timings(event: events.Timing) -> dict[str, events.Number]:
    """Named with their units: the log has them in its description only."""
    return {
        "timing/images_per_second": event.images_per_second,
        "timing/data_ms": event.data,
        "timing/forward_ms": event.forward,
        "timing/backward_ms": event.backward,
        "timing/update_ms": event.update,
        **{f"gradient/{layer}": norm for layer, norm in event.gradients.items()},
    }
