"""The terminal, judged by what it says of itself: no query is sent, so that this works through a pipe too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from ptlearn_tui.doctor.report import Check
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SMALLEST = (80, 22)
"""Columns and rows that every screen fits into; tmux in an 80×24 window leaves 80×23."""
SLOW_ESCAPE = 100
"""Milliseconds that tmux may wait after escape before it is felt."""


def colour_system(environ: Mapping[str, str]) -> str:
    """ "none", "16", "256" or "truecolor", by TERM and COLORTERM as the dashboard reads them."""
    term = environ.get("TERM", "").lower()
    if term in ("", "dumb", "unknown"):
        return "none"
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "truecolor"
    if term.endswith("-direct"):
        return "truecolor"
    return "256" if "256color" in term or term == "xterm-kitty" else "16"


def size() -> tuple[int, int] | None:
    """Columns and rows of the terminal behind any of the three streams, or None where none is one."""
    for descriptor in (1, 0, 2):
        try:
            columns, rows = os.get_terminal_size(descriptor)
            return columns, rows
        except OSError:
            continue
    return None


def multiplexer(environ: Mapping[str, str]) -> str | None:
    """ "tmux" or "screen" where the dashboard would run inside one."""
    return "tmux" if environ.get("TMUX") else "screen" if environ.get("STY") else None


def checks() -> Iterator[Check]:
    """Kind and size, colours, characters, and what stands between."""
    environ = os.environ
    inside = multiplexer(environ)
    yield _terminal(environ, inside)
    colours = colour_system(environ)
    if colours != "none" and size() is not None:
        yield _colours(environ, colours, inside)
    yield _characters(environ, inside)
    if inside:
        yield _between(inside)


def _terminal(environ: Mapping[str, str], inside: str | None) -> Check:
    term = environ.get("TERM", "")
    have = size()
    facts = {"term": term, "columns": have[0] if have else None, "rows": have[1] if have else None}
    if have is None:
        wrong = t("none here: the dashboard needs one, the other commands don't")
        return Check("terminal", "warn", wrong, "ssh -t …" if "SSH_CONNECTION" in environ else None, facts)
    if colour_system(environ) == "none":
        wrong = t("TERM={term}: a screen can't be drawn on it", term=term)
        return Check("terminal", "bad", wrong, "export TERM=xterm-256color", facts)
    text = f"{term}, {have[0]}×{have[1]}"
    if have[0] < SMALLEST[0] or have[1] < SMALLEST[1]:
        wrong = t("{what}: smaller than {columns}×{rows}", what=text, columns=SMALLEST[0], rows=SMALLEST[1])
        grow = "tmux resize-window -x 80 -y 24" if inside == "tmux" else r"printf '\033[8;24;80t'"
        return Check("terminal", "warn", wrong, grow, facts)
    return Check("terminal", "ok", text, facts=facts)


def _colours(environ: Mapping[str, str], colours: str, inside: str | None) -> Check:
    facts = {"system": colours, "no_color": bool(environ.get("NO_COLOR"))}
    words = {"16": t("16 colours"), "256": t("256 colours"), "truecolor": t("true colour")}[colours]
    if facts["no_color"]:
        words += ", " + t("which NO_COLOR forbids")
    if colours == "16" and environ.get("TERM") != "linux":  # the kernel's own console has no more
        better = "tmux-256color" if inside == "tmux" else "screen-256color" if inside else "xterm-256color"
        return Check("colours", "warn", words, f"export TERM={better}", facts)
    if colours == "256" and "SSH_CONNECTION" in environ:
        words += " " + t("(ssh does not pass COLORTERM on)")
    return Check("colours", "ok", words, facts=facts)


def _characters(environ: Mapping[str, str], inside: str | None) -> Check:
    """Python speaks UTF-8 under LANG=C, which every container has; tmux under it draws underscores for all else."""
    setting = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    # A stream that a program replaced has no encoding of its own.
    encoding = (getattr(sys.__stdout__, "encoding", None) or "utf-8").lower().replace("-", "")
    facts = {"locale": setting, "encoding": encoding}
    if encoding != "utf8":
        wrong = t("{encoding} instead of UTF-8: letters and lines will be lost", encoding=encoding)
        return Check("characters", "bad", wrong, "export PYTHONUTF8=1", facts)
    utf8 = "utf8" in setting.lower().replace("-", "")
    if inside == "tmux" and not utf8:
        wrong = t("tmux under the locale {name} may draw _ for other letters", name=setting or "C")
        return Check("characters", "warn", wrong, "tmux -u attach", facts)
    return Check(
        "characters",
        "ok",
        "UTF-8" if utf8 else t("UTF-8, whatever the locale {name} says", name=setting or "C"),
        facts=facts,
    )


def _between(inside: str) -> Check:
    facts: dict[str, object] = {"inside": inside}
    wait = _escape_time() if inside == "tmux" else None
    if wait is not None:
        facts["escape_ms"] = wait
        if wait >= SLOW_ESCAPE:
            wrong = t("tmux holds escape back for {n} ms", n=wait)
            return Check("multiplexer", "warn", wrong, "tmux set -s escape-time 10", facts)
    return Check("multiplexer", "ok", inside, facts=facts)


def _escape_time() -> int | None:
    """Milliseconds, asked of the tmux that we are in."""
    if not shutil.which("tmux"):
        return None
    try:
        asked = subprocess.run(
            ["tmux", "show", "-sv", "escape-time"], capture_output=True, text=True, timeout=5, check=True
        )
        return int(asked.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
