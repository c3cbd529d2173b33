"""`ptlearn-tui runs`: which training runs there are; show, stop or remove one."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ptlearn_tui import events
from ptlearn_tui.cli.follow import who
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import folder as run_folder
from ptlearn_tui.runs import listing
from ptlearn_tui.runs.tail import Tail

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

PATIENCE = 15.0
"""Seconds that `stop` waits for the run's end: it finishes its step, or its evaluation, and saves a checkpoint."""


def main(args: argparse.Namespace) -> int:
    """0 done; 1 a run that was asked to stop still runs. Raises `RequestError`."""
    if args.action is None:
        return show_all(args.json)
    if args.id is None:
        raise RequestError(t("which run? see: ptlearn-tui runs"))
    folder = run_folder.find(args.id)
    match args.action:
        case "stop":
            return stop(folder, args.json)
        case "rm":
            listing.remove(folder)
            _say(args.json, {"removed": args.id}, t("{id} is removed", id=args.id))
        case _:
            show(folder, args.json)
    return 0


def show_all(as_json: bool) -> int:
    """All runs, the newest first."""
    runs = listing.summaries()
    if as_json:
        _say(True, {"runs": [_row(run) for run in runs]})
    elif not runs:
        _say(False, {}, t("no runs yet; try: {command}", command="ptlearn-tui train mnist"))
    else:
        width = max(len(run.id) for run in runs)
        for run in runs:
            _say(False, {}, f"{run.id:{width}}  {_started(run)[:16].replace('T', ' ')}  {_standing(run)}")
    return 0


def show(folder: Path, as_json: bool) -> None:
    """One run: how it stands, what it was asked to do, its score after each epoch, and where it is."""
    run, request = listing.summary(folder), run_folder.read_request(folder)
    scores = {event.epoch: event for event in Tail(folder).read() if isinstance(event, events.Eval)}
    if as_json:
        details = {
            **_row(run),
            "message": run.message,
            "host": run.host,
            "seed": request.seed,
            "device": request.device,
            "data": request.data,
            "config": request.config,
            "evals": [msgspec.to_builtins(score) for score in scores.values()],
            "folder": str(folder),
        }
        _say(True, details)
        return
    options = "  ".join(f"{name} {value}" for name, value in {**request.config, "seed": request.seed}.items())
    _say(False, {}, f"{run.id}  {_standing(run)}")
    _say(False, {}, f"  {options}")
    for score in scores.values():
        loss, accuracy = float(score.loss), 100 * score.accuracy
        line = t(
            "epoch {n}   test loss {loss:.3f}   accuracy {accuracy:.2f} %", n=score.epoch, loss=loss, accuracy=accuracy
        )
        _say(False, {}, f"  {line}")
    if run.message:
        _say(False, {}, f"  {run.message}")
    _say(False, {}, f"  {folder}")


def stop(folder: Path, as_json: bool) -> int:
    """Ask, and wait until the run's process has gone: stopped is said when it is."""
    listing.stop(folder, by=who())
    until = time.monotonic() + PATIENCE
    while run_folder.owner(folder) is not None:
        if time.monotonic() > until:
            _say(as_json, _row(listing.summary(folder)), t("{id} was asked to stop, and still runs", id=folder.name))
            return 1
        time.sleep(0.05)
    run = listing.summary(folder)
    _say(as_json, _row(run), f"{run.id}  {_standing(run)}")
    return 0


def _row(run: listing.Summary) -> dict[str, Any]:
    """A run as `--json` gives it."""
    return {
        "id": run.id,
        "recipe": run.recipe,
        "status": run.status,
        "epoch": run.epoch,
        "step": run.step,
        "accuracy": run.accuracy,
        "started": _started(run),
        "pid": run.pid,
    }


def _started(run: listing.Summary) -> str:
    """Local time with its offset, as ISO 8601 has it."""
    return datetime.fromtimestamp(run.started).astimezone().isoformat(timespec="seconds")


def status(name: str) -> str:
    """A run's status in words."""
    words = {
        "running": t("running"),
        "paused": t("paused"),
        "finished": t("finished"),
        "stopped": t("stopped"),
        "failed": t("failed"),
        "lost": t("lost"),
    }
    return words.get(name, name)


def _standing(run: listing.Summary) -> str:
    """Status, epoch and score in words."""
    words = [status(run.status), t("epoch {n} of {total}", n=run.epoch, total=run.epochs), t("step {n}", n=run.step)]
    if run.accuracy is not None:
        words.append(f"{100 * run.accuracy:.2f} %")
    return "   ".join(words)


def _say(as_json: bool, record: dict[str, Any], line: str = "") -> None:
    sys.stdout.write((json.dumps(record, ensure_ascii=False, allow_nan=False) if as_json else line) + "\n")
