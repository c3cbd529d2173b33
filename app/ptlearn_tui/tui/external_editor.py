"""`$EDITOR` on a file at a line, in this terminal; the dashboard waits and comes back."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

_USUAL = ("nano", "vim", "vi")

# How an editor is told the line, by its name; all others take `+N FILE`, as vi does.
_ASKED = {
    **dict.fromkeys(("code", "codium", "cursor"), ("--wait", "--goto", "{file}:{line}")),
    **dict.fromkeys(("subl",), ("--wait", "{file}:{line}")),
    **dict.fromkeys(("hx", "helix", "zed"), ("{file}:{line}",)),
    **dict.fromkeys(("kak", "nano", "vim", "nvim", "vi", "emacs", "micro", "joe"), ("+{line}", "{file}")),
}


def command(file: Path, line: int) -> list[str]:
    """`$VISUAL`, else `$EDITOR`, else what is usually there. Raises `RequestError`."""
    wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(wanted)
    except ValueError as error:
        raise RequestError(f"EDITOR={wanted}: {error}") from error
    words = words or [next((name for name in _USUAL if shutil.which(name)), "")]
    if not shutil.which(words[0]):
        raise RequestError(t("no editor '{name}' here: set EDITOR", name=words[0] or "vi"))
    asked = _ASKED.get(Path(words[0]).name, ("+{line}", "{file}"))
    return [*words, *(word.format(file=file, line=line) for word in asked)]


def edit(words: list[str]) -> None:
    """Run it to its end. ctrl+c in it is the editor's alone."""
    before = signal.signal(signal.SIGINT, lambda *_: None)  # a handler, unlike SIG_IGN, is not handed down to it
    try:
        subprocess.run(words, check=False)
    finally:
        signal.signal(signal.SIGINT, before)
