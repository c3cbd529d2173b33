"""argv -> a command. Nothing heavy is imported before the command is known."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from typing import TYPE_CHECKING

from ptlearn_tui import locale
from ptlearn_tui.cli.parser import make_parser
from ptlearn_tui.errors import RequestError
from ptlearn_tui.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1
WRONG_REQUEST = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 the work failed, 2 the request was wrong."""
    _open_all()
    try:
        status = _command(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return status
    except RequestError as error:
        print("ptlearn-tui:", one_line(str(error)), file=sys.stderr)  # one line, whatever a name has in it
        return WRONG_REQUEST
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()  # the reader (`| head`) has gone: nobody is left to tell
        return FAILED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            _give_up_stdout()
            print(f"ptlearn-tui: {error.strerror}", file=sys.stderr)
        else:
            from ptlearn_tui.faults import write_down

            print(f"ptlearn-tui: {write_down(error)}", file=sys.stderr)
        return FAILED


def _command(arguments: Sequence[str]) -> int:
    """Find the command and run it."""
    home = _option(arguments, "--home")
    if home:
        os.environ["PTLEARN_HOME"] = home
    locale.use(_language(arguments))
    try:
        args = make_parser().parse_args(arguments)
    except SystemExit as end:  # --help and --version; a wrong request, and the line about it is written
        return int(end.code or 0)
    if isinstance(sys.stdout, io.TextIOWrapper) and getattr(args, "json", False) and args.command != "doctor":
        sys.stdout.reconfigure(encoding="utf-8")  # doctor judges the encoding first, and then does the same
    status: int = importlib.import_module(f"ptlearn_tui.cli.{args.command}").main(args)
    return status


def _open_all() -> None:
    """Have stdin, stdout and stderr, even where the caller closed them (`>&-`), and a stdout that takes any letter."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _give_up_stdout() -> None:
    """What is still to be written goes nowhere; Python would complain of it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
