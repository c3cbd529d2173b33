"""The command line, as design and help describe it. Argparse only: building it takes a few milliseconds."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from ptlearn_tui.locale import LANGUAGES, t
from ptlearn_tui.training import arguments

PROGRAM = "ptlearn-tui"


class Formatter(argparse.HelpFormatter):
    """Argparse's own words in the language in use."""

    def add_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """The first line."""
        super().add_usage(usage, actions, groups, t("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        """A heading: "options", or one of ours, which is translated already."""
        super().start_section(t(heading) if heading else heading)


class Parser(argparse.ArgumentParser):
    """One line for a wrong request, instead of the whole usage. Half an option's name is no option:
    `--hom DIR` must not keep progress somewhere else than `--home DIR` does."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": Formatter, "allow_abbrev": False, "add_help": False, **options})

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{PROGRAM}: {message}; " + t("see {help}", help=f"{self.prog} --help") + "\n")
        raise SystemExit(2)


class _Version(argparse.Action):
    """Read the version only when it is asked for: reading metadata costs as much as the rest."""

    def __call__(self, *_: object, **__: object) -> NoReturn:
        from importlib import metadata

        sys.stdout.write(f"{PROGRAM} {metadata.version(PROGRAM)}\n")
        raise SystemExit(0)


def _shared() -> Parser:
    """The global options, which may stand before or after the command."""
    shared = Parser(argument_default=argparse.SUPPRESS)
    group = shared.add_argument_group(t("everywhere"))
    group.add_argument("-h", "--help", action="help", help=t("print this help"))
    group.add_argument("--lang", choices=LANGUAGES, help=t("English or Chinese"))
    group.add_argument("--home", metavar="DIR", help=t("where progress and runs are kept"))
    group.add_argument("--data", metavar="DIR", help=t("a folder with MNIST or CIFAR-10"))
    group.add_argument("--ascii", action="store_true", help=t("draw with ASCII only"))
    return shared


def make_parser() -> Parser:
    """Every command, each with help and an example."""
    parser = Parser(
        prog=PROGRAM,
        description=t("A learning dashboard for PyTorch in the terminal. Without a command: the dashboard."),
        parents=[_shared()],
        epilog=t("Example: {example}", example=f"{PROGRAM} train mnist --epochs 2"),
    )
    parser.add_argument("--version", action=_Version, nargs=0, help=t("print the version"))
    parser.set_defaults(command="dashboard", lang=None, home=None, data=None, ascii=False, path=None, run=None)
    shared = _shared()  # not the same as above: `set_defaults` gave those defaults, which would undo `--data DIR run`
    commands = parser.add_subparsers(title=t("commands"), metavar="COMMAND", parser_class=Parser)

    def command(name: str, text: str, example: str) -> Parser:
        sub = commands.add_parser(
            name,
            help=text,
            description=text,
            parents=[shared],
            epilog=t("Example: {example}", example=f"{PROGRAM} {example}"),
        )
        sub.set_defaults(command=name)
        return sub

    json = {"action": "store_true", "help": t("print JSON, one object a line")}
    no_prelude = {"action": "store_true", "help": t("no imports before the first cell of notes")}

    opened = command("open", t("the dashboard on your own notes"), "open notes.md")
    opened.add_argument("path", metavar="PATH", help=t("Markdown, a notebook, a script, or a folder of them"))
    opened.add_argument("--read-only", action="store_true", help=t("ticks stay here; the file is never written"))
    opened.add_argument("--no-prelude", **no_prelude)  # type: ignore[arg-type]
    opened.set_defaults(command="dashboard")

    plan = command("plan", t("the checklist; tick and untick its items"), "plan tick tensors")
    about = t("notes; `tick ID`, `untick ID` changes an item: setup, tensors, …; `tick ID PATH` one of the notes")
    plan.add_argument("words", nargs="*", metavar="PATH", help=about)
    plan.add_argument("--json", **json)  # type: ignore[arg-type]

    run = command("run", t("run every code cell of a lesson or a Markdown file"), "run autograd --json")
    run.add_argument("lesson", metavar="PATH|LESSON", help=t("a file or a folder, an item of the plan, or item/page"))
    run.add_argument("--json", **json)  # type: ignore[arg-type]
    run.add_argument("--timeout", type=float, metavar="S", help=t("seconds a cell may take"))
    run.add_argument("--keep-going", action="store_true", help=t("go on after a cell that failed"))
    run.add_argument("--no-prelude", **no_prelude)  # type: ignore[arg-type]

    check = command("check", t("check your answer to an exercise"), "check grad-of-mean --file answer.py")
    check.add_argument("exercise", nargs="?", metavar="EXERCISE", help=t("its id; none: list them all"))
    check.add_argument("--file", metavar="F", help=t("the answer; - is stdin; else what you wrote in the dashboard"))
    check.add_argument("--json", **json)  # type: ignore[arg-type]

    train = command("train", t("train a recipe for real"), "train mnist --epochs 2 --json")
    train.add_argument("recipe", nargs="?", metavar="RECIPE", help=t("see --list"))
    train.add_argument("--list", action="store_true", help=t("what can be trained, and what it reaches"))
    arguments.add(train)
    train.add_argument("--nproc", type=int, metavar="N", help=t("processes (ranks) on this machine"))
    train.add_argument("--background", action="store_true", help=t("start it and return"))
    train.add_argument("--resume", metavar="ID", help=t("go on with a run that was stopped or lost"))
    train.add_argument("--json", **json)  # type: ignore[arg-type]

    runs = command("runs", t("training runs: list, show, stop, remove"), "runs show mnist-0412")
    runs.add_argument("action", nargs="?", choices=("show", "stop", "rm"))
    runs.add_argument("id", nargs="?", metavar="ID")
    runs.add_argument("--json", **json)  # type: ignore[arg-type]

    attach = command("attach", t("the dashboard on a run, live or ended"), "attach mnist-0412")
    attach.add_argument("run", metavar="ID")
    attach.set_defaults(command="dashboard")

    data = command(
        "data", t("the data sets: what is here, and how to get the rest"), "data get cifar10 --from /media/usb"
    )
    data.add_argument("action", nargs="?", choices=("get",))
    data.add_argument("name", nargs="?", metavar="NAME", help=t("mnist, fashion or cifar10"))
    data.add_argument(
        "--from",
        dest="source",
        metavar="URL|FILE|DIR",
        help=t("a mirror's folder or an archive's URL; an archive copied here by hand; a folder with the files"),
    )
    data.add_argument("--json", **json)  # type: ignore[arg-type]

    doctor = command("doctor", t("what this machine has, what is wrong, and what mends it"), "doctor --json")
    doctor.add_argument("--json", **json)  # type: ignore[arg-type]

    export = command(
        "export", t("a lesson as a notebook, a run's numbers as a table"), "export autograd/scalar --to ipynb"
    )
    about = t("item/page or start; a file of notes; the ID of a training run")
    export.add_argument("what", nargs="?", metavar="LESSON|PATH|ID", help=about)
    export.add_argument("--to", metavar="FORMAT", help=t("a lesson: ipynb, md, py; a run: csv, tensorboard"))
    export.add_argument(
        "-o", dest="output", metavar="PATH", help=t("file or folder to write (scalar.ipynb, ID.csv), or - for stdout")
    )
    export.add_argument(
        "--notes", action="store_true", help=t("all ticks, changed cells, outputs and remarks as one Markdown file")
    )
    export.add_argument(
        "--edited", action="store_true", help=t("with your cells in place of the author's, and those you have added")
    )
    force = {"action": "store_true", "help": t("replace a file that is there")}
    export.add_argument("--force", **force)  # type: ignore[arg-type]

    progress = command(
        "progress", t("move ticks, answers and edits between machines"), "progress import ptlearn-progress.json"
    )
    progress.add_argument(
        "action",
        choices=("export", "import", "replaced"),
        help=t("write all into one file; take in such a file; print your texts that gave way to newer ones"),
    )
    progress.add_argument("file", nargs="?", metavar="FILE", help=t("to import, or - for stdin"))
    progress.add_argument(
        "-o", dest="output", metavar="FILE", help=t("file to write (ptlearn-progress.json), or - for stdout")
    )
    progress.add_argument("--force", **force)  # type: ignore[arg-type]
    progress.add_argument("--json", **json)  # type: ignore[arg-type]
    return parser
