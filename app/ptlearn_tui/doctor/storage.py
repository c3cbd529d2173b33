"""Where progress, runs and data live, and whether a run outlives the session it was started in."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ptlearn_tui import home
from ptlearn_tui.doctor.report import Check, gigabytes
from ptlearn_tui.errors import RequestError
from ptlearn_tui.locale import t

if TYPE_CHECKING:
    from collections.abc import Iterator

TIGHT = 2**30
"""Bytes: a run of the largest recipe with its checkpoints stays well below this."""
NONE_LEFT = 32 * 2**20
"""Bytes: below this a checkpoint can't be written whole."""
ELSEWHERE = 'export PTLEARN_HOME="$HOME/ptlearn"'


def checks(data: str | None) -> Iterator[Check]:
    """The state folder, the data folder (`data` is what --data named), and logging out."""
    yield _state()
    yield _data(data)
    yield from _logout()


def _state() -> Check:
    try:
        folder = home.state_folder()
    except RequestError as error:
        return Check("state", "bad", str(error), ELSEWHERE)
    except ImportError:  # platformdirs is missing, and said so
        return Check("state", "bad", t("its place is not known without platformdirs"), ELSEWHERE)
    why = _why_not(folder)
    if why:
        wrong = t("{folder} can't be written: {why}", folder=folder, why=why)
        return Check("state", "bad", wrong, ELSEWHERE, {"folder": str(folder)})
    return _room("state", folder, folder, ELSEWHERE)


def _why_not(folder: Path) -> str | None:
    """Why a file can't be made and locked there; None if it can. Only trying tells."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"ptlearn")
            file.flush()
            try:
                import fcntl

                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except ImportError:
                pass
    except OSError as error:
        return error.strerror or str(error)
    return None


def _data(given: str | None) -> Check:
    named = given or os.environ.get("PTLEARN_DATA")
    try:
        folder = home.expanded(named).absolute() if named else home.cache_folder()
    except RequestError as error:
        return Check("data", "bad", str(error), 'export PTLEARN_DATA="$HOME/data"')
    except ImportError:
        return Check("data", "bad", t("its place is not known without platformdirs"), "export PTLEARN_DATA=./data")
    # It is made by the first download: until then, its nearest parent tells.
    there = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    elsewhere = 'export PTLEARN_DATA="$HOME/data"'
    if not there.is_dir():
        wrong = t("{folder} can't be made: {file} is a file", folder=folder, file=there)
        return Check("data", "bad", wrong, elsewhere, {"folder": str(folder)})
    if not os.access(there, os.W_OK | os.X_OK):
        # Data that an administrator put there for all is read only, and that is well.
        text = t("{folder}, read only", folder=folder)
        return Check("data", "ok" if there == folder else "warn", text, None if there == folder else elsewhere,
                     {"folder": str(folder), "writable": False})  # fmt: skip
    return _room("data", folder, there, elsewhere)


def _room(name: str, folder: Path, there: Path, elsewhere: str) -> Check:
    free = shutil.disk_usage(there).free
    text = t("{folder}, {size} free", folder=folder, size=gigabytes(free))
    facts = {"folder": str(folder), "writable": True, "free": free}
    if free < TIGHT:
        return Check(name, "bad" if free < NONE_LEFT else "warn", text, elsewhere, facts)
    return Check(name, "ok", text, facts=facts)


def _logout() -> Iterator[Check]:
    """With KillUserProcesses=yes, systemd ends the processes of a session when its user logs out: detached runs too.

    Lingering keeps the user's own systemd, and a scope of that one does not belong to the session.
    """
    if "SSH_CONNECTION" not in os.environ or not shutil.which("loginctl"):
        return
    try:
        asked = subprocess.run(
            ["loginctl", "show-session", "--property=KillUserProcesses", "--value"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # no systemd runs here
        return
    kills = asked.stdout.strip().lower() == "yes"
    if kills and not _in_own_scope():
        wrong = t("systemd ends your training runs when you log out (KillUserProcesses=yes)")
        command = "loginctl enable-linger && systemd-run --user --scope ptlearn-tui"
        yield Check("logout", "warn", wrong, command, {"kills": True})
    else:
        yield Check("logout", "ok", t("training runs go on when you log out"), facts={"kills": False})


def _in_own_scope() -> bool:
    """Whether we run under the user's own systemd (user@1000.service) instead of a login session's scope."""
    try:
        return "/user@" in Path("/proc/self/cgroup").read_text()
    except OSError:
        return False
