"""argv -> a command. Nothing heavy is imported before the command is known."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from ptlearn_tui import locale
from ptlearn_tui.cli.parser import make_parser
from ptlearn_tui.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1
WRONG_REQUEST = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 the work failed, 2 the request was wrong."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        home = _option(arguments, "--home")
        if home:
            os.environ["PTLEARN_HOME"] = home
        locale.use(_language(arguments))
        args = make_parser().parse_args(arguments)
        command = importlib.import_module(f"ptlearn_tui.cli.{args.command}")
        status: int = command.main(args)
        sys.stdout.flush()
        return status
    except RequestError as error:
        print(f"ptlearn-tui: {error}", file=sys.stderr)
        return WRONG_REQUEST
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has gone: nobody is left to tell, and Python must not try at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        print(f"ptlearn-tui: {_report(error)}", file=sys.stderr)
        return FAILED


def _option(arguments: Sequence[str], name: str) -> str | None:
    """The value of a global option, wanted before the parser is there: its help is in that language too."""
    for index, argument in enumerate(arguments):
        if argument.startswith(f"{name}="):
            return argument[len(name) + 1 :]
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _language(arguments: Sequence[str]) -> str:
    """`--lang` before all else, then what was chosen last, then the locale."""
    given = _option(arguments, "--lang")
    if given in locale.LANGUAGES:
        return given
    from ptlearn_tui.course.progress import chosen_language

    return chosen_language() or locale.from_environment()


def _report(error: Exception) -> str:
    """Log a fault of our own whole, and say where in one line."""
    import traceback

    from ptlearn_tui.home import state_folder

    try:
        log = state_folder() / "faults.log"
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
        return f"a fault of the program itself ({type(error).__name__}); it is written down in {log}"
    except (OSError, RequestError):
        return f"a fault of the program itself: {type(error).__name__}: {error}"
