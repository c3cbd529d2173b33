"""`ptlearn-tui train`: start a run, or go on with one, and show how it goes. The run is its own process."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from ptlearn_tui import events
from ptlearn_tui.cli.follow import follow
from ptlearn_tui.cli.run_lines import RunLines
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t
from ptlearn_tui.runs import launch
from ptlearn_tui.runs.tail import Tail, end_of
from ptlearn_tui.training import catalog
from ptlearn_tui.training.arguments import SETTINGS
from ptlearn_tui.training.options import taken

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def main(args: argparse.Namespace) -> int:
    """0: finished, or started in the background; 1: failed or stopped. Raises `RequestError`."""
    if args.list:
        return show_recipes(args.json)
    folder, tail = resume(args) if args.resume else begin(args)
    if args.background:
        return show_start(folder, tail, args.json)
    last: events.Event | None = None
    with RunLines(sys.stdout, ascii_only=getattr(args, "ascii", False), environment=os.environ) as lines:
        if not args.json:
            lines.begin()
        for batch in follow(folder, tail):
            show_json(batch) if args.json else lines.show(batch)
            last = batch[-1]
    return 0 if isinstance(last, events.End) and last.status == "finished" else 1


def begin(args: argparse.Namespace) -> tuple[Path, Tail]:
    """A new run."""
    if args.recipe is None:
        raise RequestError(t("which recipe? there are {known}", known=", ".join(catalog.RECIPES)))
    request = catalog.request(
        args.recipe,
        **{name: getattr(args, name) for name in SETTINGS},
        data=args.data,
        ranks=args.nproc,
    )
    folder = launch.start(request)
    return folder, Tail(folder)


def resume(args: argparse.Namespace) -> tuple[Path, Tail]:
    """A run that was there before; what it had written already is not shown again."""
    if any(getattr(args, name) is not None for name in ("recipe", "nproc", *SETTINGS)):
        raise RequestError(t("--resume goes on with the run's own options: give no others"))
    folder = launch.resumable(args.resume)
    tail = Tail(folder, end_of(folder))
    return launch.resume(args.resume), tail


def show_json(batch: list[events.AnyEvent]) -> None:
    """One object a line, as the log has them."""
    sys.stdout.write("".join(events.encode(event).decode() + "\n" for event in batch))
    sys.stdout.flush()


def show_start(folder: Path, tail: Tail, as_json: bool) -> int:
    """Say that a run is under way: in JSON its `run` event, once it has written that."""
    if as_json:
        for batch in follow(folder, tail):
            for event in batch:
                if isinstance(event, events.Run | events.End):
                    show_json([event])
                    return 0 if isinstance(event, events.Run) else 1
    name = folder.name
    lines = [
        t("{id} is running in the background", id=name),
        "  " + t("watch it: {command}", command=f"ptlearn-tui attach {name}"),
        "  " + t("stop it:  {command}", command=f"ptlearn-tui runs stop {name}"),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def show_recipes(as_json: bool) -> int:
    """What can be trained, with its defaults and what they are measured to reach."""
    if as_json:
        recipes = [describe(recipe) for recipe in catalog.RECIPES.values()]
        sys.stdout.write(json.dumps({"recipes": recipes}, ensure_ascii=False) + "\n")
        return 0
    for recipe in catalog.RECIPES.values():
        options = recipe.options
        sys.stdout.write(f"{recipe.name:16}{t(recipe.title)}\n")
        lines = [
            t(recipe.about),
            f"--epochs {options.epochs} --batch-size {options.batch_size} --lr {options.lr:g}",
            *map(_reach, recipe.reaches),
        ]
        if recipe.data_set and not recipe.reaches:
            lines.append(t("what it reaches has not been measured yet"))
        sys.stdout.write("".join(f"{'':16}{line}\n" for line in lines))
    return 0


def _reach(reach: catalog.Reach) -> str:
    score = f"{reach.accuracy:.1%}".replace("%", " %")
    of = t("the bundled sample") if reach.kind == "sample" else t("the whole set")
    if reach.epochs == 1:
        line = t("one epoch on {data}: at least {score} right on the test set", data=of, score=score)
    else:
        line = t("{n} epochs on {data}: at least {score} right on the test set", n=reach.epochs, data=of, score=score)
    if reach.seconds is None:
        return line
    on = t("one CPU core") if reach.on == "cpu" else reach.on
    return t("{line}, in {seconds} s on {device}", line=line, seconds=f"{reach.seconds:.0f}", device=on)


def describe(recipe: catalog.Recipe) -> dict[str, Any]:
    """A recipe as `train --list --json` gives it."""
    return {
        "name": recipe.name,
        "title": t(recipe.title),
        "about": t(recipe.about),
        "data": recipe.data_set,
        **taken(recipe.options, recipe.takes),
        "reaches": [
            {
                "data": reach.kind,
                "epochs": reach.epochs,
                "accuracy": reach.accuracy,
                "seconds": reach.seconds,
                "on": reach.on,
                "seeds": reach.seeds,
            }
            for reach in recipe.reaches
        ],
    }
