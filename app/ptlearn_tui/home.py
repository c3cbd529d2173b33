"""Where state and data live: `PTLEARN_HOME` and `PTLEARN_DATA`, else the user's own folders."""

from __future__ import annotations

import os
from pathlib import Path

from ptlearn_tui.errors import RequestError

APP = "ptlearn-tui"


def state_folder() -> Path:
    """Progress and runs. Made (0700) when first asked for; raises `RequestError` where it can't be."""
    given = os.environ.get("PTLEARN_HOME")
    if given:
        return _made(expanded(given))
    import platformdirs

    return _made(Path(platformdirs.user_state_dir(APP)))


def runs_folder() -> Path:
    """One folder a training run. Made like the state folder."""
    return _made(state_folder() / "runs")


def output_folder() -> Path:
    """The whole output of cells that print much. Not made here."""
    return state_folder() / "output"


def expanded(path: str) -> Path:
    """A path as a user gives it, with `~` and `~name` replaced. Raises `RequestError` where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise RequestError(f"{path}: {error}") from error


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RequestError(f"{folder}: {error.strerror}; choose another place with --home DIR") from error
    return folder


def cache_folder() -> Path:
    """Where downloaded data goes when `PTLEARN_DATA` names no other place. Not made here."""
    import platformdirs

    return Path(platformdirs.user_cache_dir(APP)) / "data"
