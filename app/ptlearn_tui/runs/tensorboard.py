"""A run as TensorBoard's own event file, by TensorBoard's own code, which is imported only when this is asked for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from ptlearn_tui.runs.folder import Request
    from ptlearn_tui.runs.table import Table

MARK = "tfevents"
"""TensorBoard reads every file in a folder that has this in its name, and draws all of them as one run."""

VERSION = "brain.Event:2"
"""Stands in the first record of an event file; TensorBoard's own writer says the same."""


def file_name(request: Request) -> str:
    """Always the same for a run, so that a second export takes the place of the first."""
    return f"events.out.{MARK}.{int(request.started):010d}.{request.id}"


def encode(table: Table, request: Request) -> bytes:
    """The event file: every row as a scalar, the options as text and as hyperparameters.

    The wall time of a point is the run's start and the time in the row. Values are float32, as TensorBoard has them.
    Raises `RequestError` where TensorBoard is not installed.
    """
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb
        from tensorboard.plugins.text.summary_v2 import text_pb

        # Not its `EventFileWriter`: that writes from a thread, whose traceback a full disk would bring to the
        # terminal, and imports TensorFlow, which takes seconds, where there is one.
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError as error:
        from ptlearn_tui.doctor.python import install

        command = install("ptlearn-tui[tensorboard]")
        raise RequestError(t("TensorBoard is not installed; get it with: {command}", command=command)) from error
    file = io.BytesIO()
    records = RecordWriter(file)

    def write(time: float, **content: Any) -> None:
        records.write(Event(wall_time=request.started + time, **content).SerializeToString())

    write(0.0, file_version=VERSION)
    write(0.0, summary=text_pb("run", _markdown(_facts(table, request))))
    write(0.0, summary=hparams_pb(_options(table, request), request.id, request.started))
    for row in table.rows:
        write(row.time, step=row.step, summary={"value": [{"tag": row.name, "simple_value": row.value}]})
    return file.getvalue()


def _options(table: Table, request: Request) -> dict[str, bool | int | float | str]:
    """What TensorBoard compares runs by."""
    device = table.run.device if table.run else request.device  # the one that "auto" has come to
    options = {"recipe": request.recipe, **request.config, "seed": request.seed, "device": device}
    return {name: value if isinstance(value, bool | int | float) else str(value) for name, value in options.items()}


def _facts(table: Table, request: Request) -> dict[str, object]:
    """What is needed to make the run again."""
    facts: dict[str, object] = {"id": request.id, **_options(table, request)}
    if table.run:
        facts |= {f"data {name}": value for name, value in table.run.data.items() if value is not None}
        facts |= table.run.versions | {"threads": table.run.threads, "steps per epoch": table.run.steps_per_epoch}
    return facts


def _markdown(facts: dict[str, object]) -> str:
    """A table of two columns. A bar, as a folder's name may have, would begin a third."""
    values = {name: str(value).replace("|", "\\|") for name, value in facts.items()}
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in values.items())])
